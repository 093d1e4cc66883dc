import * as tf from '@tensorflow/tfjs-core';
import type { KinkCase } from './case.js';

/*
 * A root of what is 0 on a whole piece. There the function is constant and its derivatives are 0, though those of the root
 * are infinite and those of the piece 0.
 */

/** √f(x), at an x < 0 where f is 0 all around and at 4 where f(x) is x. */
const root = (name: string, f: (x: tf.Tensor) => tf.Tensor): KinkCase => ({
  name: `the root of ${name}`,
  at: [[-1, 4]],
  loss: (x) => tf.sum(tf.sqrt(f(x))),
  gradient: [0, 1 / 4],
  hessian: [0, -1 / 32],
});

export const flatCases: readonly KinkCase[] = [
  root('relu', tf.relu),
  root('relu6', tf.relu6),
  root('leakyRelu with a slope of 0', (x) => tf.leakyRelu(x, 0)),
  root('clipByValue', (x) => tf.clipByValue(x, 0, 10)),
  root('maximum with a number', (x) => tf.maximum(x, 0)),
  root('maximum of a number', (x) => tf.maximum(0, x)),
  root('minimum', (x) => tf.neg(tf.minimum(tf.neg(x), 0))),
  root('where', (x) => tf.where(tf.greater(x, 0), x, 0)),
  root('where, otherwise', (x) => tf.where(tf.less(x, 0), tf.zerosLike(x), x)),
  root('max over an axis', (x) => tf.max(tf.stack([x, tf.tensor1d([0, 1])]), 0)),
  root('min over an axis', (x) => tf.neg(tf.min(tf.stack([tf.neg(x), tf.tensor1d([0, -1])]), 0))),
  root('maxPool', (x) => {
    const pairs = tf.stack([x, tf.tensor1d([0, 1])], 1);
    return tf.maxPool(tf.reshape(pairs, [1, 2, 2, 1]) as tf.Tensor4D, [1, 2], [1, 2], 'valid');
  }),
  root('topk', (x) => tf.topk(tf.stack([x, tf.tensor1d([0, 1])], 1), 1).values),
  root('tensorScatterUpdate', (x) => tf.tensorScatterUpdate(x, tf.tensor2d([[0]], [1, 1], 'int32'), [0])),
  root('a fused relu', (x) => {
    const identity = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    return tf.fused.matMul({ a: tf.reshape(x, [1, 2]), b: identity, activation: 'relu' });
  }),
  root('a power of relu', (x) => tf.square(tf.pow(tf.relu(x), 0.5))),
  root('clipByValue at its lower bound', (x) => tf.add(tf.clipByValue(x, -1, 10), tf.tensor1d([1, 0]))),
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
