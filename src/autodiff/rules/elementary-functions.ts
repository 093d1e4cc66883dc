import type { Tensor } from '@tensorflow/tfjs-core';
import { scalar } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { abs, add, exp, mul, multiplyNoNan, neg, scale, shift, sub } from '../../tfjs/kernels/kernel-ops.js';

const apply = (kernel: string, x: Tensor): Tensor => runKernel(kernel, { x });
const square = (x: Tensor): Tensor => apply('Square', x);
const oneMinus = (x: Tensor): Tensor => sub(scalar(1), x);
const onePlus = (x: Tensor): Tensor => shift(x, 1);
/** 1 − x², which keeps its digits where |x| is near 1. */
const oneMinusSquare = (x: Tensor): Tensor => mul(oneMinus(x), onePlus(x));
const inverse = (x: Tensor): Tensor => apply('Reciprocal', x);

/** x̄ = ȳ ⊙ s for the slope s of the function, which is computed once. */
const bySlope: Pick<GradientRule, 'pullback'> = {
  pullback: ({ dy, derived }) => ({ x: () => mul(dy, derived[0]!) }),
};

/** The same for an s that may be infinite or NaN: an adjoint that is 0 stays 0, and so does a tangent. */
const bySteepSlope: typeof bySlope = {
  pullback: ({ dy, derived }) => ({ x: () => multiplyNoNan(derived[0]!, dy) }),
};

/** A function whose slope is written in terms of its argument. */
function byInput(kernel: string, slope: (x: Tensor) => Tensor, by = bySlope): GradientRule {
  return { kernel, saveInputs: ['x'], derived: ({ inputs }) => [slope(inputs.x!)], ...by };
}

/** A function whose slope is written in terms of its value. */
function byOutput(kernel: string, slope: (y: Tensor) => Tensor, by = bySlope): GradientRule {
  return { kernel, saveOutputs: [true], derived: ({ outputs }) => [slope(outputs[0]!)], ...by };
}

/**
 * A function whose slope s is a kernel of x and the value y, and s′ = s · bend(y). The slope's y is the function's value at
 * its x: its derivative is all by x.
 */
function levellingOff(kernel: string, slope: string, bend: (y: Tensor) => Tensor): GradientRule[] {
  return [
    {
      kernel,
      saveInputs: ['x'],
      saveOutputs: [true],
      derived: ({ inputs, outputs }) => [runKernel(slope, { x: inputs.x!, y: outputs[0]! })],
      ...bySlope,
    },
    {
      kernel: slope,
      constantInputs: ['y'],
      saveInputs: ['y'],
      saveOutputs: [true],
      derived: ({ inputs, outputs }) => [mul(outputs[0]!, bend(inputs.y!))],
      ...bySlope,
    },
  ];
}

export const elementaryFunctionRules: readonly GradientRule[] = [
  { kernel: 'Neg', pullback: ({ dy }) => ({ x: () => neg(dy) }) },
  byInput('Square', (x) => scale(x, 2)),
  byOutput('Sqrt', (y) => scale(inverse(y), 0.5), bySteepSlope),
  byOutput('Rsqrt', (y) => scale(mul(y, square(y)), -0.5), bySteepSlope),
  {
    // Factor by factor: y² may leave the range where ȳ y² does not.
    kernel: 'Reciprocal',
    saveOutputs: [true],
    pullback: ({ dy, outputs: [y] }) => ({ x: () => neg(multiplyNoNan(y!, multiplyNoNan(y!, dy))) }),
  },
  byOutput('Exp', (y) => y),
  // Not by the value, 1 + y, in which the digits cancel that this function is taken for.
  byInput('Expm1', exp),
  byInput('Log', inverse, bySteepSlope),
  byInput('Log1p', (x) => inverse(onePlus(x)), bySteepSlope),
  byInput('Sin', (x) => apply('Cos', x)),
  byInput('Cos', (x) => neg(apply('Sin', x))),
  byOutput('Tan', (y) => onePlus(square(y))),
  byInput('Asin', (x) => apply('Rsqrt', oneMinusSquare(x)), bySteepSlope),
  byInput('Acos', (x) => neg(apply('Rsqrt', oneMinusSquare(x))), bySteepSlope),
  byInput('Atan', (x) => inverse(onePlus(square(x)))),
  byInput('Sinh', (x) => apply('Cosh', x)),
  byInput('Cosh', (x) => apply('Sinh', x)),
  ...levellingOff('Tanh', 'tfjs-curvature/TanhSlope', (y) => scale(y, -2)),
  {
    // 1/√(1 + x²) by x/m for m = max(1, |x|): squares may leave the range.
    kernel: 'Asinh',
    saveInputs: ['x'],
    constants: ({ x }) => [
      inverse(runKernel('ClipByValue', { x: abs(x!) }, { clipValueMin: 1, clipValueMax: 1e30 })),
    ],
    derived: ({ inputs, constants: [r] }) => [
      mul(r!, apply('Rsqrt', add(square(r!), square(mul(inputs.x!, r!))))),
    ],
    ...bySlope,
  },
  byInput('Acosh', (x) => mul(apply('Rsqrt', shift(x, -1)), apply('Rsqrt', onePlus(x))), bySteepSlope),
  byInput('Atanh', (x) => inverse(oneMinusSquare(x)), bySteepSlope),
  byInput('Erf', (x) => scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
  ...levellingOff('Sigmoid', 'tfjs-curvature/SigmoidSlope', (y) => oneMinus(scale(y, 2))),
  byInput('Softplus', (x) => apply('Sigmoid', x)),
];
