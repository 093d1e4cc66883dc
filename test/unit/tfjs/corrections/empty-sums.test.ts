import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad } from '../../../../src/index.js';
import { registerWasmTrainingKernels } from '../../../../src/wasm/index.js';
import { useBackend } from '../../../wasm-backend.js';

/** Functions of a tensor by which an empty batch is multiplied: constant, so that every derivative is 0. */
const constants: Record<string, { f: (x: Tensor) => Tensor; shape: number[] }> = {
  'a matrix product': { f: (w) => tf.tanh(tf.matMul(tf.zeros([0, 3]), w)), shape: [3, 2] },
  'an inner product of nothing': {
    f: (w) => tf.tanh(tf.matMul(tf.matMul(tf.zeros([3, 0]), tf.zeros([0, 2])), w)),
    shape: [2, 2],
  },
  'a convolution': {
    f: (w) => tf.tanh(tf.conv2d<tf.Tensor4D>(tf.zeros([0, 3, 3, 1]), w as tf.Tensor4D, 1, 'same')),
    shape: [2, 2, 1, 2],
  },
  'a depthwise convolution': {
    f: (w) => tf.tanh(tf.depthwiseConv2d<tf.Tensor4D>(tf.zeros([0, 3, 3, 1]), w as tf.Tensor4D, 1, 'same')),
    shape: [2, 2, 1, 2],
  },
  'a convolution in space': {
    f: (w) => tf.tanh(tf.conv3d<tf.Tensor5D>(tf.zeros([0, 3, 3, 3, 1]), w as tf.Tensor5D, 1, 'same')),
    shape: [2, 2, 2, 1, 2],
  },
  'a sum over the batch': { f: (b) => tf.square(tf.sum(tf.add(tf.zeros([0, 3]), b), 0)), shape: [3] },
  'a broadcast': { f: (b) => tf.sin(tf.add(tf.zeros([0, 3]), b)), shape: [1, 3] },
};

/** Leaves numbers other than 0 where the next tensors will lie. */
function soilMemory(): void {
  const soiled = Array.from({ length: 50 }, (_, i) => tf.fill([1 + (i % 9)], 7));
  tf.dispose(soiled);
}

describe.each(['cpu', 'wasm', 'wasm with training kernels'])('of an empty batch, on %s', (where) => {
  beforeAll(async () => {
    await useBackend(where === 'cpu' ? 'cpu' : 'wasm');
    return where.includes('training') ? registerWasmTrainingKernels() : undefined;
  });

  it.each(Object.keys(constants))('%s has the derivatives 0', (name) => {
    const { f, shape } = constants[name]!;
    const first = grad((x: Tensor) => tf.sum(f(x)));
    const second = grad((x: Tensor) => tf.sum(tf.sin(first(x))));
    for (const derivative of [first, second]) {
      soilMemory();
      const given = derivative(tf.ones(shape));
      expect(given.shape).toEqual(shape);
      expect([...given.dataSync()]).toEqual(new Array(given.size).fill(0));
    }
  });

  it('a sum has empty derivatives', () => {
    const first = grad((x: Tensor) => tf.sum(tf.sin(tf.sum(x, 0))));
    const second = grad((x: Tensor) => tf.sum(first(x)));
    for (const derivative of [first, second]) expect(derivative(tf.zeros([0, 3])).shape).toEqual([0, 3]);
  });
});
