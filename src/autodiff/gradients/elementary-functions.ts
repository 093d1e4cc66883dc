import type { Tensor } from '@tensorflow/tfjs-core';
import { scalar } from '@tensorflow/tfjs-core';
import { runKernel } from '../compositions/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { div, exp, mul, neg, scale, shift, sub } from '../ops/kernel-ops.js';

const apply = (kernel: string, x: Tensor): Tensor => runKernel(kernel, { x });
const square = (x: Tensor): Tensor => mul(x, x);
const oneMinus = (x: Tensor): Tensor => sub(scalar(1), x);
const onePlus = (x: Tensor): Tensor => shift(x, 1);

/** A function whose derivative is written in terms of its argument. */
function byInput(kernel: string, adjoint: (dy: Tensor, x: Tensor) => Tensor): GradientRule {
  return {
    kernel,
    saveInputs: ['x'],
    pullback: ({ dy, inputs }) => ({ x: () => adjoint(dy, inputs.x!) }),
  };
}

/** A function whose derivative is written in terms of its value, which is often saved anyway. */
function byOutput(kernel: string, adjoint: (dy: Tensor, y: Tensor) => Tensor): GradientRule {
  return {
    kernel,
    saveOutputs: [true],
    pullback: ({ dy, outputs }) => ({ x: () => adjoint(dy, outputs[0]!) }),
  };
}

export const elementaryFunctionRules: readonly GradientRule[] = [
  { kernel: 'Neg', pullback: ({ dy }) => ({ x: () => neg(dy) }) },
  {
    // The slope is the sign; zero at zero.
    kernel: 'Abs',
    constants: ({ x }) => [apply('Sign', x!)],
    pullback: ({ dy, constants }) => ({ x: () => mul(dy, constants[0]!) }),
  },
  byInput('Square', (dy, x) => mul(dy, scale(x, 2))),
  byOutput('Sqrt', (dy, y) => div(scale(dy, 0.5), y)),
  byOutput('Rsqrt', (dy, y) => scale(mul(dy, mul(y, square(y))), -0.5)),
  byOutput('Reciprocal', (dy, y) => neg(mul(dy, square(y)))),
  byOutput('Exp', mul),
  byOutput('Expm1', (dy, y) => mul(dy, onePlus(y))),
  byInput('Log', div),
  byInput('Log1p', (dy, x) => div(dy, onePlus(x))),
  byInput('Sin', (dy, x) => mul(dy, apply('Cos', x))),
  byInput('Cos', (dy, x) => neg(mul(dy, apply('Sin', x)))),
  byOutput('Tan', (dy, y) => mul(dy, onePlus(square(y)))),
  byInput('Asin', (dy, x) => mul(dy, apply('Rsqrt', oneMinus(square(x))))),
  byInput('Acos', (dy, x) => neg(mul(dy, apply('Rsqrt', oneMinus(square(x)))))),
  byInput('Atan', (dy, x) => div(dy, onePlus(square(x)))),
  byInput('Sinh', (dy, x) => mul(dy, apply('Cosh', x))),
  byInput('Cosh', (dy, x) => mul(dy, apply('Sinh', x))),
  byOutput('Tanh', (dy, y) => mul(dy, oneMinus(square(y)))),
  byInput('Asinh', (dy, x) => mul(dy, apply('Rsqrt', onePlus(square(x))))),
  byInput('Acosh', (dy, x) => mul(dy, apply('Rsqrt', shift(square(x), -1)))),
  byInput('Atanh', (dy, x) => div(dy, oneMinus(square(x)))),
  byInput('Erf', (dy, x) => mul(dy, scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))),
  byOutput('Sigmoid', (dy, y) => mul(dy, sub(y, square(y)))),
  byInput('Softplus', (dy, x) => mul(dy, apply('Sigmoid', x))),
];
