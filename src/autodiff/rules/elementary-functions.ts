import type { Tensor } from '@tensorflow/tfjs-core';
import { scalar } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { div, exp, mul, neg, scale, shift, sub } from '../../tfjs/kernels/kernel-ops.js';

const apply = (kernel: string, x: Tensor): Tensor => runKernel(kernel, { x });
const square = (x: Tensor): Tensor => apply('Square', x);
const oneMinus = (x: Tensor): Tensor => sub(scalar(1), x);
const onePlus = (x: Tensor): Tensor => shift(x, 1);
/** 1 − x², which keeps its digits where |x| is near 1. */
const oneMinusSquare = (x: Tensor): Tensor => mul(oneMinus(x), onePlus(x));
const inverse = (x: Tensor): Tensor => div(scalar(1), x);

/** x̄ = ȳ ⊙ s for the slope s of the function, which is computed once. */
const bySlope: Pick<GradientRule, 'pullback'> = {
  pullback: ({ dy, derived }) => ({ x: () => mul(dy, derived[0]!) }),
};

/** A function whose slope is written in terms of its argument. */
function byInput(kernel: string, slope: (x: Tensor) => Tensor): GradientRule {
  return { kernel, saveInputs: ['x'], derived: ({ inputs }) => [slope(inputs.x!)], ...bySlope };
}

/** A function whose slope is written in terms of its value. */
function byOutput(kernel: string, slope: (y: Tensor) => Tensor): GradientRule {
  return { kernel, saveOutputs: [true], derived: ({ outputs }) => [slope(outputs[0]!)], ...bySlope };
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
  byOutput('Sqrt', (y) => div(scalar(0.5), y)),
  byOutput('Rsqrt', (y) => scale(mul(y, square(y)), -0.5)),
  byOutput('Reciprocal', (y) => neg(square(y))),
  byOutput('Exp', (y) => y),
  byOutput('Expm1', onePlus),
  byInput('Log', inverse),
  byInput('Log1p', (x) => inverse(onePlus(x))),
  byInput('Sin', (x) => apply('Cos', x)),
  byInput('Cos', (x) => neg(apply('Sin', x))),
  byOutput('Tan', (y) => onePlus(square(y))),
  byInput('Asin', (x) => apply('Rsqrt', oneMinusSquare(x))),
  byInput('Acos', (x) => neg(apply('Rsqrt', oneMinusSquare(x)))),
  byInput('Atan', (x) => inverse(onePlus(square(x)))),
  byInput('Sinh', (x) => apply('Cosh', x)),
  byInput('Cosh', (x) => apply('Sinh', x)),
  ...levellingOff('Tanh', 'tfjs-curvature/TanhSlope', (y) => scale(y, -2)),
  byInput('Asinh', (x) => apply('Rsqrt', onePlus(square(x)))),
  byInput('Acosh', (x) => mul(apply('Rsqrt', shift(x, -1)), apply('Rsqrt', onePlus(x)))),
  byInput('Atanh', (x) => inverse(oneMinusSquare(x))),
  byInput('Erf', (x) => scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
  ...levellingOff('Sigmoid', 'tfjs-curvature/SigmoidSlope', (y) => oneMinus(scale(y, 2))),
  byInput('Softplus', (x) => apply('Sigmoid', x)),
];
