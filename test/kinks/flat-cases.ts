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
