import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad } from '../../../../src/autodiff/transforms/grad.js';
import { useBackend } from '../../../wasm-backend.js';

const values = (x: tf.Tensor): number[] => Array.from(x.dataSync());

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('the gradient of a vector that is multiplied as a row and as a column is right', () => {
    // Σ (Ax)² + Σ (xxᵀ)², whose gradient is 2AᵀAx + 4‖x‖²x: AᵀAx = [18, 48, 66] for x = [1, 2, 3], ‖x‖² = 14.
    const a = tf.tensor2d([
      [2, 1, 0],
      [1, 3, 1],
      [0, 1, 4],
    ]);
    const loss = (x: tf.Tensor): tf.Tensor =>
      tf.add(
        tf.sum(tf.square(tf.dot(a, x))),
        tf.sum(tf.square(tf.outerProduct(x as tf.Tensor1D, x as tf.Tensor1D))),
      );
    expect(values(grad(loss)(tf.tensor1d([1, 2, 3])))).toEqual([92, 208, 300]);
  });

  it('so is that of a matrix that is multiplied in two shapes', () => {
    const loss = (w: tf.Tensor): tf.Tensor =>
      tf.add(
        tf.sum(tf.square(tf.matMul(tf.ones([1, 3]), w))),
        tf.sum(tf.square(tf.matMul(tf.ones([1, 2]), tf.reshape(w, [2, 3])))),
      );
    // Twice the sums of the columns [9, 12] of one shape and [5, 7, 9] of the other.
    const gradient = grad(loss)(tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]));
    expect(values(gradient)).toEqual([18 + 10, 24 + 14, 18 + 18, 24 + 10, 18 + 14, 24 + 18]);
  });
});

it('the adjoint of prelu is summed over what was repeated of its argument', async () => {
  await useBackend('cpu');
  const alphas = tf.tensor1d([0.25, 0.5]);
  const slopes = grad((x) => tf.sum(tf.prelu(x, alphas)))(tf.tensor2d([[-1], [2]]));
  expect(values(slopes)).toEqual([0.75, 2]);
});

it('whole numbers beside what is differentiated by count as numbers', async () => {
  await useBackend('cpu');
  const normalised = (variance: tf.Tensor1D) => (x: tf.Tensor) =>
    tf.sum(tf.batchNorm(x, tf.tensor1d([0]), variance, tf.tensor1d([0]), tf.tensor1d([3]), 0));
  const slopes = grad(normalised(tf.tensor1d([4], 'int32')))(tf.tensor2d([[-0.5], [0.7]]));
  expect(values(slopes)).toEqual([1.5, 1.5]);
});
