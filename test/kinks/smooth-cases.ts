import * as tf from '@tensorflow/tfjs-core';
import { layers, metrics } from '@tensorflow/tfjs-layers';
import type { KinkCase } from './case.js';

/*
 * Functions that are smooth though made of |x|, max, min and relu, where the kinks of their parts are met. Their
 * derivatives are those of the smooth function.
 */

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** log(1 + e⁻|x|), the smooth rest of a softplus beside its kink. */
const rest = (x: tf.Tensor): tf.Tensor => tf.log1p(tf.exp(tf.neg(tf.abs(x))));

/** softplus in the ways it is written: slope ½ and curvature ¼ at 0. */
const softplusForms: readonly [string, (x: tf.Tensor) => tf.Tensor][] = [
  ['relu', (x) => tf.relu(x)],
  ['maximum with a number', (x) => tf.maximum(x, 0)],
  ['maximum of a number', (x) => tf.maximum(0, x)],
  ['maximum with zeros', (x) => tf.maximum(x, tf.zerosLike(x))],
  ['maximum of zeros', (x) => tf.maximum(tf.zerosLike(x), x)],
  ['a clip', (x) => tf.clipByValue(x, 0, 100)],
  ['x − minimum', (x) => tf.sub(x, tf.minimum(x, 0))],
  ['x − minimum of a number', (x) => tf.sub(x, tf.minimum(0, x))],
  ['(x + |x|)/2', (x) => tf.mul(tf.add(x, tf.abs(x)), 0.5)],
  ['relu6', (x) => tf.relu6(x)],
  ['a leaky relu', (x) => tf.div(tf.sub(tf.leakyRelu(x, 0.5), tf.mul(x, 0.5)), 0.5)],
  ['prelu', (x) => tf.prelu(x, tf.zeros([1]))],
  ['a ReLU layer', (x) => layers.reLU({ maxValue: 50 }).apply(x) as tf.Tensor],
];

const half = [0.5, 0.5];
const quarter = [
  [0.25, -0.25],
  [-0.25, 0.25],
];
const product = [
  [0, 1],
  [1, 0],
];

export const smoothCases: readonly KinkCase[] = [
  ...softplusForms.map(([name, ramp]) => ({
    name: `softplus by ${name}`,
    at: [[0, 1]],
    loss: (x: tf.Tensor) => tf.sum(tf.add(ramp(x), rest(x))),
    gradient: [0.5, sigmoid(1)],
    hessian: [0.25, sigmoid(1) * sigmoid(-1)],
  })),
  ...[0, 1, 0.3].map((label) => ({
    name: `sigmoidCrossEntropy of the label ${label} at a logit of 0`,
    at: [[0]],
    loss: (z: tf.Tensor) => tf.losses.sigmoidCrossEntropy(tf.tensor1d([label]), z),
    gradient: [0.5 - label],
    hessian: [0.25],
  })),
  {
    name: 'binaryCrossentropy at a logit of 0',
    at: [[[0], [0]]],
    loss: (z) => tf.mean(metrics.binaryCrossentropy(tf.tensor2d([[0], [1]]), tf.sigmoid(z))),
    gradient: [0.25, -0.25],
    hessian: [0.125, 0.125],
  },
  {
    name: 'huberLoss at a residual of 0',
    at: [[1, 0.5, -2]],
    loss: (x) => tf.losses.huberLoss(tf.tensor1d([1, 0, 0]), x) as tf.Tensor,
    gradient: [0, 0.5 / 3, -1 / 3],
    hessian: [1 / 3, 1 / 3, 0],
  },
  {
    name: 'the euclidean norm of [3, 0]',
    at: [[3, 0]],
    loss: (x) => tf.norm(x),
    gradient: [1, 0],
    hessian: [0, 1 / 3],
  },
  {
    name: 'euclideanNorm of [0, −4]',
    at: [[0, -4]],
    loss: (x) => tf.euclideanNorm(x),
    gradient: [0, -1],
    hessian: [1 / 4, 0],
  },
  {
    name: 'the Frobenius norm of a matrix with zeros',
    at: [
      [
        [0, 2],
        [0, 0],
      ],
    ],
    loss: (x) => tf.norm(x, 'fro', [0, 1]),
    gradient: [0, 1, 0, 0],
    hessian: [1 / 2, 0, 1 / 2, 1 / 2],
  },
  {
    name: 'norms of rows',
    at: [
      [
        [3, 0],
        [0, 2],
      ],
    ],
    loss: (x) => tf.sum(tf.norm(x, 2, 1)),
    gradient: [1, 0, 0, 1],
    hessian: [0, 1 / 3, 1 / 2, 0],
  },
  {
    name: '|x|²',
    at: [[0, -0]],
    loss: (x) => tf.sum(tf.square(tf.abs(x))),
    gradient: [0, 0],
    hessian: [2, 2],
  },
  { name: 'pow(|x|, 2)', at: [[0]], loss: (x) => tf.sum(tf.pow(tf.abs(x), 2)), gradient: [0], hessian: [2] },
  { name: 'cosh |x|', at: [[0]], loss: (x) => tf.sum(tf.cosh(tf.abs(x))), gradient: [0], hessian: [1] },
  {
    name: 'e^|x| + e^−|x|',
    at: [[0]],
    loss: (x) => tf.sum(tf.add(tf.exp(tf.abs(x)), tf.exp(tf.neg(tf.abs(x))))),
    gradient: [0],
    hessian: [2],
  },
  { name: 'cos |x|', at: [[0]], loss: (x) => tf.sum(tf.cos(tf.abs(x))), gradient: [0], hessian: [-1] },
  {
    name: 'log(eᵃ + eᵇ) by the maximum, at a = b',
    at: [[2], [2]],
    loss: (a, b) => tf.sum(tf.add(tf.maximum(a!, b!), rest(tf.sub(a!, b!)))),
    gradient: half,
    hessian: quarter,
  },
  {
    name: '−log(e⁻ᵃ + e⁻ᵇ) by the minimum, at a = b',
    at: [[2], [2]],
    loss: (a, b) => tf.sum(tf.sub(tf.minimum(a!, b!), rest(tf.sub(a!, b!)))),
    gradient: half,
    hessian: quarter.map((row) => row.map((entry) => -entry)),
  },
  {
    name: 'logSumExp at a tie',
    at: [[2, 2]],
    loss: (x) => tf.logSumExp(x),
    gradient: half,
    hessian: quarter,
  },
  {
    name: 'maximum · minimum of a pair',
    at: [[2], [2]],
    loss: (a, b) => tf.sum(tf.mul(tf.maximum(a!, b!), tf.minimum(a!, b!))),
    gradient: [2, 2],
    hessian: product,
  },
  {
    name: 'maximum + minimum of what broadcasts',
    at: [[[1], [2]], [[1, 2]]],
    loss: (a, b) => tf.sum(tf.square(tf.add(tf.maximum(a!, b!), tf.minimum(a!, b!)))),
    // Σ (aᵢ + bⱼ)²
    gradient: [10, 14, 10, 14],
    hessian: [
      [4, 0, 2, 2],
      [0, 4, 2, 2],
      [2, 2, 4, 0],
      [2, 2, 0, 4],
    ],
  },
  {
    name: 'max · min over a pair',
    at: [[2, 2]],
    loss: (x) => tf.mul(tf.max(x), tf.min(x)),
    gradient: [2, 2],
    hessian: product,
  },
  {
    name: 'max · min over leading axes',
    at: [[[[2, 3]], [[2, 3]]]],
    loss: (x) => tf.sum(tf.mul(tf.max(x, [0, 1]), tf.min(x, [0, 1]))),
    gradient: [2, 3, 2, 3],
    hessian: [
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ],
  },
  {
    name: 'half the sum and half the distance: the square of the maximum',
    at: [[2], [2]],
    loss: (a, b) => {
      const maximum = tf.mul(tf.add(tf.add(a!, b!), tf.abs(tf.sub(a!, b!))), 0.5);
      return tf.sum(tf.sub(tf.square(maximum), tf.square(tf.maximum(a!, b!))));
    },
    gradient: [0, 0],
    hessian: [0, 0],
  },
  {
    name: 'softsign, x/(1 + |x|)',
    at: [[0]],
    loss: (x) => tf.sum(tf.div(x, tf.add(tf.abs(x), 1))),
    gradient: [1],
    // From the left x/(1 − x): 2.
    hessian: [2],
  },
];
