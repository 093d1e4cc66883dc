import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { DifferentiationError, HessianOperator, lossObjective } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';

// The training kernels are not registered here: this is the backend as TensorFlow.js ships it.
beforeAll(() => useBackend('wasm'));

/** The names of what has been put over the methods of the engine. */
const patched = (): string[] =>
  Object.keys(tf.engine()).filter((name) =>
    ['runKernel', 'runKernelFunc', 'gradients', 'isTapeOn'].includes(name),
  );

/**
 * ½ Σ_s (Σ_{i in s} x_i)² has the Hessian that is 1 where two entries are of one segment: (Hv)_i is the sum of v
 * over the segment of i.
 */
test('an op of which the backend lacks the forward kernel is put together from others, at any depth of tf.tidy', async () => {
  const before = tf.memory().numTensors;
  const start = tf.tensor1d([3, -1, 2, 5]);
  const x = tf.variable(start);
  const [ids, v] = [tf.tensor1d([0, 1, 0, 7], 'int32'), tf.tensor1d([1, 2, 4, 8])];
  expect(tf.getKernel('UnsortedSegmentSum', 'wasm')).toBeUndefined();
  const sums = (): tf.Tensor => tf.tidy(() => tf.tidy(() => tf.unsortedSegmentSum(x, ids, 2)));
  const hessian = new HessianOperator(lossObjective(() => tf.mul(0.5, tf.sum(tf.square(sums()))), [x]));
  const product = hessian.matvec(v);
  expect(Array.from(await product.data())).toEqual([5, 2, 5, 0]);
  expect(hessian.loss()).toBe(13);
  hessian.dispose();
  tf.dispose([start, x, ids, v, product]);
  expect(tf.memory().numTensors).toBe(before);
});

test('one that nobody puts together throws with its name and the way out, and the engine is as it was', () => {
  const before = tf.memory().numTensors;
  const start = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const x = tf.variable(start);
  const make = (): HessianOperator =>
    new HessianOperator(lossObjective(() => tf.sum(tf.square(tf.einsum('ij->j', x))), [x]));
  expect(make).toThrow(DifferentiationError);
  expect(make).toThrow(
    /^Kernel 'Einsum' not registered for backend 'wasm'\. Einsum: the wasm backend has no such kernel.*registerWasmTrainingKernels/,
  );
  expect(patched()).toEqual([]);
  expect(() => tf.unsortedSegmentSum(x, [0, 1], 2)).toThrow(/not registered/);
  tf.dispose([start, x]);
  expect(tf.memory().numTensors).toBe(before);
});
