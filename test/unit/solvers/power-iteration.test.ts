import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { powerIteration } from '../../../src/solvers/power-iteration.js';
import { operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

describe('powerIteration', () => {
  beforeAll(() => useBackend('cpu'));

  it('returns the λ that belongs to the vector returned, with its residual', async () => {
    const operator = operatorWithSpectrum([5, -3, 1, 0.5, 0.1]);
    const tensors = tf.memory().numTensors;
    const result = await powerIteration(operator, { k: 2, tol: 0.05 });
    for (let i = 0; i < 2; i++) {
      const { value, residual } = tf.tidy(() => {
        const v = tf.reshape(tf.slice(result.eigenvectors, [i, 0], [1, 5]), [5]) as tf.Tensor1D;
        const image = operator.matvec(v);
        const value = tf.sum(tf.mul(v, image)).dataSync()[0]!;
        return { value, residual: tf.norm(tf.sub(image, tf.mul(v, value))).dataSync()[0]! };
      });
      expect(result.eigenvalues[i]).toBeCloseTo(value, 5);
      expect(result.residualNorms[i]).toBeCloseTo(residual, 5);
    }
    result.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    operator.dispose();
  });

  it('says so where it cannot decide: two eigenvalues of one magnitude', async () => {
    const operator = operatorWithSpectrum([2, -2, 0.1]);
    const result = await powerIteration(operator, { maxIterations: 30 });
    expect(result).toMatchObject({ status: 'maxIterations', numConverged: 0, numMatvecs: 30 });
    result.dispose();
    operator.dispose();
  });

  it('leaves nothing behind on failure, and reports what is not finite', async () => {
    const operator = operatorWithSpectrum([5, 4.9, 1]);
    const tensors = tf.memory().numTensors;
    let count = 0;
    const failing: LinearOperator = {
      size: 3,
      matvec(v) {
        if (++count === 6) throw new Error('device lost');
        return operator.matvec(v);
      },
      dispose: () => {},
    };
    await expect(powerIteration(failing, { k: 2, tol: 1e-6 })).rejects.toThrow('device lost');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(powerIteration(operator, { signal })).rejects.toThrow('enough');
    const onProgress = (): void => {
      throw new Error('no more');
    };
    await expect(powerIteration(operator, { k: 2, onProgress })).rejects.toThrow('no more');
    const broken: LinearOperator = { size: 3, matvec: () => tf.fill([3], NaN), dispose: () => {} };
    const result = await powerIteration(broken, { k: 2 });
    expect(result.status).toBe('nonFinite');
    result.dispose();
    await expect(powerIteration(operator, { k: 4 })).rejects.toThrow('an integer k from 1 to 3');
    expect(tf.memory().numTensors).toBe(tensors);
    operator.dispose();
  });
});

it('powerIteration refuses a tolerance that any vector meets', async () => {
  const operator = operatorWithSpectrum([2, 1]);
  await expect(powerIteration(operator, { tol: 1 })).rejects.toThrow(/powerIteration.*tol > 0 and < 1/);
  operator.dispose();
});
