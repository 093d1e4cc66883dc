import * as tf from '@tensorflow/tfjs-core';
import type { KinkCase } from './case.js';

/*
 * A root of what is 0 on a whole piece. There the function is constant and its derivatives are 0, though those of the root
 * are infinite and those of the piece 0.
 */

type Entrywise = (x: tf.Tensor) => tf.Tensor;

/** What is 0 around −1, and x around 4. */
const pieces: readonly (readonly [string, Entrywise])[] = [
  ['relu', tf.relu],
  ['relu6', tf.relu6],
  ['leakyRelu with a slope of 0', (x) => tf.leakyRelu(x, 0)],
  ['clipByValue', (x) => tf.clipByValue(x, 0, 10)],
  ['maximum with a number', (x) => tf.maximum(x, 0)],
  ['maximum of a number', (x) => tf.maximum(0, x)],
  ['minimum', (x) => tf.neg(tf.minimum(tf.neg(x), 0))],
  ['where', (x) => tf.where(tf.greater(x, 0), x, 0)],
  ['where, otherwise', (x) => tf.where(tf.less(x, 0), tf.zerosLike(x), x)],
  ['max over an axis', (x) => tf.max(tf.stack([x, tf.tensor1d([0, 1])]), 0)],
  ['min over an axis', (x) => tf.neg(tf.min(tf.stack([tf.neg(x), tf.tensor1d([0, -1])]), 0))],
  [
    'maxPool',
    (x) => {
      const pairs = tf.stack([x, tf.tensor1d([0, 1])], 1);
      return tf.maxPool(tf.reshape(pairs, [1, 2, 2, 1]) as tf.Tensor4D, [1, 2], [1, 2], 'valid');
    },
  ],
  ['topk', (x) => tf.topk(tf.stack([x, tf.tensor1d([0, 1])], 1), 1).values],
  ['tensorScatterUpdate', (x) => tf.tensorScatterUpdate(x, tf.tensor2d([[0]], [1, 1], 'int32'), [0])],
  [
    'a fused relu',
    (x) => {
      const identity = tf.tensor2d([1, 0, 0, 1], [2, 2]);
      return tf.fused.matMul({ a: tf.reshape(x, [1, 2]), b: identity, activation: 'relu' });
    },
  ],
  ['a power of relu', (x) => tf.square(tf.pow(tf.relu(x), 0.5))],
  ['clipByValue at its lower bound', (x) => tf.add(tf.clipByValue(x, -1, 10), tf.tensor1d([1, 0]))],
];

/** √f(x), at an x < 0 where f is 0 all around and at 4 where f(x) is x. */
const root = ([name, f]: readonly [string, Entrywise]): KinkCase => ({
  name: `the root of ${name}`,
  at: [[-1, 4]],
  loss: (x) => tf.sum(tf.sqrt(f(x))),
  gradient: [0, 1 / 4],
  hessian: [0, -1 / 32],
});

/** A function that does not change around one number, with its value and first two derivatives at another. */
interface Steep {
  readonly name: string;
  readonly f: Entrywise;
  readonly at: readonly [flat: number, other: number];
  readonly values: readonly [flat: number, other: number];
  readonly slope: number;
  readonly curvature: number;
}

/** Each entry times a variable: the Hessian has what comes after the steep function, too. */
const timesVariable = ({ name, f, at, values, slope, curvature }: Steep): KinkCase => ({
  name: `${name}, times a variable`,
  at: [at, [2, 3]],
  loss: (x, v) => tf.sum(tf.mul(v!, tf.reshape(f(x!), [2]))),
  gradient: [0, 3 * slope, ...values],
  hessian: [
    [0, 0, 0, 0],
    [0, 3 * curvature, 0, slope],
    [0, 0, 0, 0],
    [0, slope, 0, 0],
  ],
});

const rootTimesVariable = ([name, f]: readonly [string, Entrywise]): KinkCase =>
  timesVariable({
    name: `the root of ${name}`,
    f: (x) => tf.sqrt(f(x)),
    at: [-1, 4],
    values: [0, 2],
    slope: 1 / 4,
    curvature: -1 / 32,
  });

const capped = (x: tf.Tensor): tf.Tensor => tf.minimum(x, 1);
const steep: readonly Steep[] = [
  {
    name: 'a power of relu',
    f: (x) => tf.pow(tf.relu(x), 0.5),
    at: [-1, 4],
    values: [0, 2],
    slope: 1 / 4,
    curvature: -1 / 32,
  },
  {
    name: 'a root of a root',
    f: (x) => tf.sqrt(tf.sqrt(tf.relu(x))),
    at: [-1, 16],
    values: [0, 2],
    slope: 1 / 32,
    curvature: -3 / 2048,
  },
  {
    name: 'asin',
    f: (x) => tf.asin(capped(x)),
    at: [1.5, 0.6],
    values: [Math.PI / 2, Math.asin(0.6)],
    slope: 1 / 0.8,
    curvature: 0.6 / 0.8 ** 3,
  },
  {
    name: 'acos',
    f: (x) => tf.acos(capped(x)),
    at: [1.5, 0.6],
    values: [0, Math.acos(0.6)],
    slope: -1 / 0.8,
    curvature: -0.6 / 0.8 ** 3,
  },
  {
    name: 'acosh',
    f: (x) => tf.acosh(tf.add(tf.relu(x), 1)),
    at: [-1, 0.25],
    values: [0, Math.acosh(1.25)],
    slope: 1 / 0.75,
    curvature: -1.25 / 0.75 ** 3,
  },
  {
    name: 'the exponential of a logarithm',
    f: (x) => tf.exp(tf.log(tf.relu(x))),
    at: [-1, 4],
    values: [0, 4],
    slope: 1,
    curvature: 0,
  },
  {
    name: 'e^(−1/x)',
    f: (x) => tf.exp(tf.neg(tf.reciprocal(tf.relu(x)))),
    at: [-1, 1],
    values: [0, Math.exp(-1)],
    slope: Math.exp(-1),
    curvature: -Math.exp(-1),
  },
  {
    name: 'tanh(1/√x)',
    f: (x) => tf.tanh(tf.rsqrt(tf.relu(x))),
    at: [-1, 1],
    values: [1, Math.tanh(1)],
    slope: -0.5 / Math.cosh(1) ** 2,
    curvature: (0.75 - 0.5 * Math.tanh(1)) / Math.cosh(1) ** 2,
  },
  {
    // The steep function before the piece.
    name: 'where, of a root',
    f: (x) => tf.where(tf.greater(x, 0), tf.sqrt(x), 0),
    at: [-1, 4],
    values: [0, 2],
    slope: 1 / 4,
    curvature: -1 / 32,
  },
];

/** Of acos GPUs have the value to four digits, and on WebGL relu has −0, of which 1/x and 1/√x are −∞. */
const hostOnly = ['acos', 'e^(−1/x)', 'tanh(1/√x)'];

export const flatCases: readonly KinkCase[] = [
  ...pieces.map(root),
  ...pieces.filter(([name]) => name !== 'maxPool').map(rootTimesVariable),
  ...steep.filter(({ name }) => !hostOnly.includes(name)).map(timesVariable),
  {
    name: 'a power of relu, between 1 and 2',
    at: [[-1, 4]],
    loss: (x) => tf.sum(tf.pow(tf.relu(x), 1.5)),
    gradient: [0, 3],
    hessian: [0, 3 / 8],
  },
  {
    name: 'acos of a cosine that is rounded beyond 1',
    at: [[1.000001, 0.6]],
    loss: (x) => tf.sum(tf.acos(tf.clipByValue(x, -1, 1))),
    gradient: [0, -1 / 0.8],
    hessian: [0, -0.6 / 0.8 ** 3],
  },
  {
    name: 'divNoNan',
    at: [
      [1, 3],
      [0, 2],
    ],
    loss: (x, y) => tf.sum(tf.divNoNan(x, y)),
    gradient: [0, 1 / 2, 0, -3 / 4],
    hessian: [
      [0, 0, 0, 0],
      [0, 0, 0, -1 / 4],
      [0, 0, 0, 0],
      [0, -1 / 4, 0, 3 / 4],
    ],
  },
  {
    name: 'the root of maximum, in what loses',
    at: [
      [-1, 4],
      [0, 1],
    ],
    loss: (x, y) => tf.sum(tf.sqrt(tf.maximum(x, tf.sub(y, tf.tensor1d([-1, 1]))))),
    gradient: [0, 1 / 4, 1 / 2, 0],
    hessian: [0, -1 / 32, -1 / 4, 0],
  },
];

/** What the kernels of GPUs for the gradient of maximum pooling have no answer to: they multiply by 0 and 1. */
export const flatHostCases = [
  ...pieces.filter(([name]) => name === 'maxPool').map(rootTimesVariable),
  ...steep.filter(({ name }) => hostOnly.includes(name)).map(timesVariable),
];
