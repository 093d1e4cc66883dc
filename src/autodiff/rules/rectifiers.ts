import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { scalar } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { broadcastTo, sumTo } from '../../tfjs/kernels/broadcast.js';
import {
  add,
  greater,
  indicator,
  lessEqual,
  mul,
  multiplyNoNan,
  noneWithout,
  once,
  scale,
  shift,
  step,
  sub,
} from '../../tfjs/kernels/kernel-ops.js';

/*
 * Functions that are pieced together. Which piece an entry falls on is locally constant, so it is found once
 * and kept as a tensor of slopes; the gradient is then one product, and so is its own gradient. An entry that lies
 * where two pieces meet falls on the left one (docs/numerics.md says why).
 */

/** Pieces that are straight lines: the slope of each entry says all. */
function piecewiseLinear(
  kernel: string,
  slopes: (x: Tensor, attrs: NamedAttrMap, y: Tensor) => Tensor,
): GradientRule {
  return {
    kernel,
    constants: ({ x }, [y], attrs) => [slopes(x!, attrs, y!)],
    pullback: ({ dy, constants }) => ({ x: () => multiplyNoNan(dy, constants[0]!) }),
  };
}

// Constants of Klambauer et al. 2017, "Self-Normalizing Neural Networks", as TensorFlow.js has them.
const seluScaleAlpha = 1.7580993408473768;
const seluScale = 1.0507009873554805;

export const rectifierRules: readonly GradientRule[] = [
  piecewiseLinear('Abs', (x) => step(x, -1)),
  piecewiseLinear('Relu', (x) => step(x)),
  piecewiseLinear('Relu6', (x) => mul(step(x), sub(scalar(1), step(shift(x, -6))))),
  piecewiseLinear('LeakyRelu', (x, { alpha }) => step(x, alpha as number)),
  piecewiseLinear('ClipByValue', (x, { clipValueMin, clipValueMax }, y) =>
    noneWithout(
      y,
      mul(
        indicator(greater(x, scalar(clipValueMin as number))),
        indicator(lessEqual(x, scalar(clipValueMax as number))),
      ),
    ),
  ),
  {
    // y = x or αx
    kernel: 'Prelu',
    saveInputs: { x: ['alpha'], alpha: ['x'] },
    constants: ({ x }, [y]) => {
      const isPositive = broadcastTo(step(x!), y!.shape);
      return [isPositive, sub(scalar(1), isPositive)];
    },
    pullback: ({ dy, inputs, constants, shapes }) => {
      const positive = once(() => multiplyNoNan(dy, constants[0]!));
      const negative = once(() => multiplyNoNan(dy, constants[1]!));
      return {
        x: () => sumTo(add(positive(), mul(negative(), inputs.alpha!)), shapes.x!),
        alpha: () => sumTo(multiplyNoNan(broadcastTo(inputs.x!, dy.shape), negative()), shapes.alpha!),
      };
    },
  },
  {
    // y = λx or λα(eˣ − 1), so that y′ = λ or y + λα
    kernel: 'Selu',
    saveOutputs: [true],
    constants: ({ x }) => {
      const isPositive = step(x!);
      return [scale(isPositive, seluScale), sub(scalar(1), isPositive)];
    },
    derived: ({ outputs, constants }) => [
      add(constants[0]!, multiplyNoNan(shift(outputs[0]!, seluScaleAlpha), constants[1]!)),
    ],
    pullback: ({ dy, derived }) => ({ x: () => mul(dy, derived[0]!) }),
  },
];
