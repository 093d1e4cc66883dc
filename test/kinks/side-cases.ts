import * as tf from '@tensorflow/tfjs-core';
import { layers, metrics, regularizers, sequential } from '@tensorflow/tfjs-layers';
import type { KinkCase } from './case.js';

/*
 * Functions that have a kink: their derivatives are those of the side that docs/numerics.md names. Curved by a square
 * where that shows which piece the second derivative is of.
 */

type LossFunction = (targets: tf.Tensor, outputs: tf.Tensor) => tf.Tensor;

const sum = (x: tf.Tensor): tf.Tensor => tf.sum(x);
const weighted = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, tf.reshape(tf.range(1, x.size + 1), x.shape)));
const flat = (n: number): number[] => new Array<number>(n).fill(0);
const seluLeft = 1.7580993408473768;

/** A function of each entry, straight on both sides. */
const straight = (
  name: string,
  at: number[],
  f: (x: tf.Tensor) => tf.Tensor,
  gradient: number[],
): KinkCase => ({ name, at: [at], loss: (x) => sum(f(x)), gradient, hessian: flat(at.length) });

/** (f(x) + 1)²/2, which is curved by the square of the slope: f′(f + 1), f′². */
const squared = (
  name: string,
  at: number[],
  f: (x: tf.Tensor) => tf.Tensor,
  values: number[],
  slopes: number[],
): KinkCase => ({
  name: `${name}, squared`,
  at: [at],
  loss: (x) => sum(tf.mul(tf.square(tf.add(f(x), 1)), 0.5)),
  gradient: slopes.map((slope, i) => slope * (values[i]! + 1)),
  hessian: slopes.map((slope) => slope * slope),
});

/** A loss of tfjs-layers by its name, of one example with these targets. */
const ofModel =
  (loss: string, targets: number[]) =>
  (x: tf.Tensor): tf.Tensor => {
    const model = sequential({ layers: [layers.dense({ units: targets.length, inputShape: [1] })] });
    model.compile({ optimizer: 'sgd', loss });
    const [f] = (model as unknown as { model: { lossFunctions: LossFunction[] } }).model.lossFunctions;
    model.optimizer.dispose();
    model.dispose();
    return tf.sum(f!(tf.tensor2d([targets]), tf.reshape(x, [1, targets.length])));
  };

const layer = (made: { apply(x: tf.Tensor): unknown }) => (x: tf.Tensor) => made.apply(x) as tf.Tensor;

const entrywise: readonly KinkCase[] = [
  straight('abs', [0, -0, 2, -2], tf.abs, [-1, -1, 1, -1]),
  straight('relu', [0, -0, 2, -2], tf.relu, [0, 0, 1, 0]),
  straight('relu6', [0, 6, 3, 7], tf.relu6, [0, 1, 1, 0]),
  squared('relu6', [0, 6, 3, 7], tf.relu6, [0, 6, 3, 6], [0, 1, 1, 0]),
  straight('clipByValue', [-1, 2, 0, 3], (x) => tf.clipByValue(x, -1, 2), [0, 1, 1, 0]),
  // Bounds that float32 rounds: 0.1 up, 0.7 down.
  straight('clipByValue', [0.1, 0.7, 0.4, 0.7000001], (x) => tf.clipByValue(x, 0.1, 0.7), [0, 1, 1, 0]),
  straight('clipByValue from −∞', [1, 2], (x) => tf.clipByValue(x, -Infinity, 1), [1, 0]),
  straight('leakyRelu', [0, 1, -1], (x) => tf.leakyRelu(x, 0.25), [0.25, 1, 0.25]),
  straight('maximum with a number', [2, 3, 1], (x) => tf.maximum(x, 2), [0, 1, 0]),
  straight('maximum of a number', [2, 3, 1], (x) => tf.maximum(2, x), [0, 1, 0]),
  straight('maximum with a number that float32 rounds', [0.1, 0.2], (x) => tf.maximum(x, 0.1), [0, 1]),
  straight('minimum with a number', [2, 3, 1], (x) => tf.minimum(x, 2), [1, 0, 1]),
  straight('minimum of a number', [2, 3, 1], (x) => tf.minimum(2, x), [1, 0, 1]),
  straight('maximum with a tensor', [2, 3], (x) => tf.maximum(x, tf.tensor1d([2, 4])), [0, 0]),
  straight('minimum of a tensor', [2, 3], (x) => tf.minimum(tf.tensor1d([2, 4]), x), [1, 1]),
  squared('minimum of a number', [2, 3], (x) => tf.minimum(2, x), [2, 2], [1, 0]),
  squared('maximum with a number', [2, 3], (x) => tf.maximum(x, 2), [2, 3], [0, 1]),
  straight('a ReLU layer', [0, 1], layer(layers.reLU()), [0, 1]),
  straight('a ReLU layer with a greatest value', [0, 2, 1], layer(layers.reLU({ maxValue: 2 })), [0, 1, 1]),
  straight('a LeakyReLU layer', [0, 1], layer(layers.leakyReLU({ alpha: 0.25 })), [0.25, 1]),
  straight('a ThresholdedReLU layer', [1, 2], layer(layers.thresholdedReLU({ theta: 1 })), [0, 1]),
  straight(
    'hardSigmoid',
    [-2.5, 2.5, 0],
    layer(layers.activation({ activation: 'hardSigmoid' })),
    [0, 0.2, 0.2],
  ),
  {
    name: 'elu',
    at: [[0, 1, -1]],
    loss: (x) => sum(tf.elu(x)),
    gradient: [1, 1, Math.exp(-1)],
    hessian: [1, 0, Math.exp(-1)],
  },
  {
    name: 'an ELU layer',
    at: [[0, 1]],
    loss: (x) => sum(layer(layers.elu())(x)),
    gradient: [1, 1],
    hessian: [1, 0],
  },
  {
    name: 'the slope of elu, so that the Hessian is its third derivative',
    at: [[0, 1, -1]],
    loss: (x) => sum(tf.grad((y: tf.Tensor) => sum(tf.elu(y)))(x)),
    gradient: [1, 0, Math.exp(-1)],
    hessian: [1, 0, Math.exp(-1)],
  },
  {
    name: 'selu',
    at: [[0, 1, -1]],
    loss: (x) => sum(tf.selu(x)),
    gradient: [seluLeft, 1.0507009873554805, seluLeft * Math.exp(-1)],
    hessian: [seluLeft, 0, seluLeft * Math.exp(-1)],
  },
  {
    name: 'the slope of selu',
    at: [[0, 1, -1]],
    loss: (x) => sum(tf.grad((y: tf.Tensor) => sum(tf.selu(y)))(x)),
    gradient: [seluLeft, 0, seluLeft * Math.exp(-1)],
    hessian: [seluLeft, 0, seluLeft * Math.exp(-1)],
  },
  {
    name: 'the square of the slope of |x|³',
    at: [[0, -1]],
    // (3x²)²: its curvature is 108 x².
    loss: (x) => sum(tf.square(tf.grad((y: tf.Tensor) => sum(tf.pow(tf.abs(y), 3)))(x))),
    gradient: [0, -36],
    hessian: [0, 108],
  },
];

const operands: readonly KinkCase[] = [
  {
    name: 'maximum goes to the second operand',
    at: [
      [1, 2, 3],
      [2, 2, 2],
    ],
    loss: (a, b) => sum(tf.maximum(a!, b!)),
    gradient: [0, 0, 1, 1, 1, 0],
    hessian: flat(6),
  },
  {
    name: 'minimum goes to the first operand',
    at: [
      [1, 2, 3],
      [2, 2, 2],
    ],
    loss: (a, b) => sum(tf.minimum(a!, b!)),
    gradient: [1, 1, 0, 0, 0, 1],
    hessian: flat(6),
  },
  {
    name: 'a maximum layer goes to the last input',
    at: [[1], [1], [0]],
    loss: (a, b, c) => sum(layers.maximum().apply([a!, b!, c!]) as tf.Tensor),
    gradient: [0, 1, 0],
    hessian: flat(3),
  },
  {
    name: 'a minimum layer goes to the first input',
    at: [[1], [1], [2]],
    loss: (a, b, c) => sum(layers.minimum().apply([a!, b!, c!]) as tf.Tensor),
    gradient: [1, 0, 0],
    hessian: flat(3),
  },
  {
    name: 'maximum of a tensor and itself',
    at: [[1, 0]],
    loss: (x) => sum(tf.maximum(x, x)),
    gradient: [1, 1],
    hessian: flat(2),
  },
  {
    name: 'maximum over what broadcasts',
    at: [
      [[1], [2]],
      [1, 2],
    ],
    loss: (a, b) => sum(tf.maximum(a!, b!)),
    // ties at (1, 1) and (2, 2)
    gradient: [0, 1, 1, 2],
    hessian: flat(4),
  },
  {
    // y = a − ⌊a/b⌋ b, which jumps where a is a multiple of b: the slope is that of the piece that 0 lies on.
    name: 'mod at a multiple',
    at: [
      [6, 7, -6],
      [3, 3, 3],
    ],
    loss: (a, b) => sum(tf.mod(a!, b!)),
    gradient: [1, 1, 1, -2, -2, 2],
    hessian: flat(6),
  },
  {
    name: 'prelu with an α for each channel',
    at: [
      [
        [0, 1],
        [-2, 0],
      ],
      [0.25, 0.5],
    ],
    loss: (x, alpha) => sum(tf.prelu(x!, alpha!)),
    gradient: [0.25, 1, 0.25, 0.5, -2, 0],
    hessian: [
      [0, 0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0, 1],
      [1, 0, 1, 0, 0, 0],
      [0, 0, 0, 1, 0, 0],
    ],
  },
];

/** An activation fused into a product or a convolution, with pre-activations x. */
const fused = (activation: tf.fused.Activation, alpha?: number) => (x: tf.Tensor) => {
  const slopes =
    activation === 'prelu' ? { preluActivationWeights: tf.tensor1d([alpha!]) } : { leakyreluAlpha: alpha };
  return tf.add(
    tf.fused.matMul({ a: tf.reshape(x, [-1, 1]), b: tf.ones([1, 1]), activation, ...slopes }),
    tf.reshape(
      tf.fused.conv2d({
        x: tf.reshape(x, [1, -1, 1, 1]) as tf.Tensor4D,
        filter: tf.ones([1, 1, 1, 1]),
        strides: 1,
        pad: 'valid',
        activation,
        ...slopes,
      }),
      [-1, 1],
    ),
  );
};
const fusedActivations: readonly KinkCase[] = [
  straight('fused relu', [0, 1], fused('relu'), [0, 2]),
  straight('fused relu6', [0, 6, 1], fused('relu6'), [0, 2, 2]),
  straight('fused leakyrelu', [0, 1], fused('leakyrelu', 0.25), [0.5, 2]),
  straight('fused prelu', [0, 1], fused('prelu', 0.25), [0.5, 2]),
  {
    name: 'fused elu',
    at: [[0, 1]],
    loss: (x) => sum(fused('elu')(x!)),
    gradient: [2, 2],
    hessian: [2, 0],
  },
];

const tied = [
  [3, 1, 3],
  [1, 3, 1],
];
const straightReductions = [
  { name: 'max takes the last of equals', at: [tied], loss: (x) => tf.max(x), gradient: [0, 0, 0, 0, 1, 0] },
  { name: 'min takes the first of equals', at: [tied], loss: (x) => tf.min(x), gradient: [0, 1, 0, 0, 0, 0] },
  {
    name: 'max over the last axis',
    at: [tied],
    loss: (x) => weighted(tf.max(x, 1)),
    gradient: [0, 0, 1, 0, 2, 0],
  },
  {
    name: 'min over the last axis',
    at: [tied],
    loss: (x) => weighted(tf.min(x, -1, true)),
    gradient: [0, 1, 0, 2, 0, 0],
  },
  {
    name: 'max over the first of three axes',
    at: [[[[1, 2]], [[1, 2]], [[0, 2]]]],
    loss: (x) => weighted(tf.max(x, 0)),
    gradient: [0, 0, 1, 0, 0, 2],
  },
  {
    name: 'min over the first and the last of three axes',
    at: [
      [
        [
          [1, 1],
          [2, 3],
        ],
        [
          [1, 5],
          [4, 2],
        ],
      ],
    ],
    loss: (x) => weighted(tf.min(x, [0, 2])),
    gradient: [1, 0, 2, 0, 0, 0, 0, 0],
  },
  { name: 'max of ∞ twice', at: [[Infinity, 1, Infinity]], loss: (x) => tf.max(x), gradient: [0, 0, 1] },
  { name: 'the norm of order ∞', at: [[3, -3, 1]], loss: (x) => tf.norm(x, Infinity), gradient: [0, -1, 0] },
  {
    name: 'the norm of order −∞',
    at: [[3, -1, 1]],
    loss: (x) => tf.norm(x, -Infinity),
    gradient: [0, -1, 0],
  },
  { name: 'the norm of order 1', at: [[3, 0, -1]], loss: (x) => tf.norm(x, 1), gradient: [1, -1, -1] },
  {
    name: 'topk keeps the order of its indices',
    at: [[2, 2, 1, 2]],
    loss: (x) => weighted(tf.topk(x, 2).values),
    gradient: [1, 2, 0, 0],
  },
] satisfies Omit<KinkCase, 'hessian'>[];
const reductions: readonly KinkCase[] = straightReductions.map((row) => ({
  ...row,
  hessian: flat(row.gradient.length),
}));

const trainingLosses: readonly KinkCase[] = [
  straight('tf.losses.hingeLoss', [1, 0], (x) => tf.losses.hingeLoss(tf.tensor1d([1, 1]), x), [0, -0.5]),
  straight(
    'tf.losses.absoluteDifference',
    [1, 3],
    // |target − x|, the other way round than meanAbsoluteError
    (x) => tf.losses.absoluteDifference(tf.tensor1d([1, 1]), x),
    [0.5, 0.5],
  ),
  {
    name: 'huberLoss at a residual of δ is still the parabola',
    at: [[1]],
    loss: (x) => tf.losses.huberLoss(tf.tensor1d([0]), x),
    gradient: [1],
    hessian: [1],
  },
  straight('hinge', [1, 0], ofModel('hinge', [1, 1]), [0, -0.5]),
  {
    name: 'squaredHinge',
    at: [[1, 0]],
    loss: ofModel('squaredHinge', [1, 1]),
    gradient: [0, -1],
    hessian: [0, 1],
  },
  // 1 + max of the others − the right one, which is 0: not yet a loss.
  straight('categoricalHinge at its corner', [2, 1, 1], ofModel('categoricalHinge', [1, 0, 0]), [0, 0, 0]),
  straight(
    'categoricalHinge with two runners-up',
    [1, 2, 2],
    ofModel('categoricalHinge', [1, 0, 0]),
    [-1, 0, 1],
  ),
  straight(
    'meanAbsoluteError',
    [1, 3],
    (x) => metrics.meanAbsoluteError(tf.tensor2d([[1, 1]]), tf.reshape(x, [1, 2])),
    [-0.5, 0.5],
  ),
  straight('an l1 regulariser', [0, 2, -1], (x) => regularizers.l1({ l1: 0.5 }).apply(x), [-0.5, 0.5, -0.5]),
];
export const sideCases: readonly KinkCase[] = [
  ...entrywise,
  ...operands,
  ...fusedActivations,
  ...reductions,
  ...trainingLosses,
];

/** What only a remainder without rounding shows, as cpu and WASM compute it. */
export const hostCases: readonly KinkCase[] = [
  {
    // The float32 number nearest 0.1 is a little more than 0.1: 0.5 holds it four times, though 0.5/0.1 rounds to 5.
    name: 'mod where the quotient rounds up to a whole number',
    at: [[0.5], [0.1]],
    loss: (a, b) => sum(tf.mod(a!, b!)),
    gradient: [1, -4],
    hessian: flat(2),
  },
];
