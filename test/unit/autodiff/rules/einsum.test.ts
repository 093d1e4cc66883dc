import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad, grads } from '../../../../src/index.js';
import { einsumError, randomEquations } from '../../../naive-einsum.js';
import { useBackend } from '../../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

describe('the derivatives of einsum', () => {
  it('are those of the definition, for random equations', () => {
    // Sums of at most 24 products in float32.
    const wrong = randomEquations(300).filter((equation) => !(einsumError(equation) < 1e-5));
    expect(wrong).toEqual([]);
  });

  it('are right where the other operand is summed over a subscript of its own', () => {
    const b = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(tf.einsum(' bi, bij -> b', x, b)));
    // 2 (Σⱼ xᵢ bᵢⱼ) Σⱼ bᵢⱼ for each row: 2 · 17 · (3, 7) and 2 · 93 · (11, 15).
    const derivative = grad(f)(
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
    );
    expect([...derivative.dataSync()]).toEqual([102, 238, 2046, 2790]);
  });

  it('are refused where the result has a subscript twice', () => {
    const f = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.sum(tf.einsum('ij,k->iij', x, y));
    expect(() => grads(f)([tf.ones([2, 3]), tf.ones([4])])).toThrow("'ij,k->iij' repeats a subscript");
  });
});
