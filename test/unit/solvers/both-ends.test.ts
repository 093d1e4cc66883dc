import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EigenProgress } from '../../../src/solvers/lanczos-options.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { symmetricEigen, wantedOrder } from '../../../src/symmetric-eigen.js';
import { useBackend } from '../../wasm-backend.js';

const values = [...Array.from({ length: 300 }, (_, i) => Math.sin(i)), 5, 4, 3, -5.5, -4.4, -3.3];

describe('both ends of the spectrum in one run', () => {
  beforeAll(() => useBackend('cpu'));

  it.each([
    [2, [-5.5, 5]],
    [3, [-5.5, 4, 5]],
    [5, [-5.5, -4.4, 3, 4, 5]],
  ])('of %i pairs have one more above where they are odd, and ascend', async (k, expected) => {
    await withDiagonal(values, async (operator) => {
      let last: EigenProgress | null = null;
      const onProgress = (progress: EigenProgress): void => void (last = progress);
      const result = await lanczos(operator, { k, which: 'BE', confirm: 0, onProgress });
      expected.forEach((value, i) => expect(result.eigenvalues[i]).toBeCloseTo(value, 4));
      expect(last!.ritzValues).toEqual(result.eigenvalues);
      expect(last!.residualNorms).toEqual(result.residualNorms);
      // The vector of each value is the unit vector where the diagonal has it.
      const vectors = await result.eigenvectors.array();
      expected.forEach((value, i) => expect(Math.abs(vectors[i]![values.indexOf(value)]!)).toBeCloseTo(1, 4));
      result.dispose();
    });
  });

  it('take hardly more products than the harder end', async () => {
    await withDiagonal(values, async (operator) => {
      for (const seed of [0, 1, 2]) {
        const [both, above, below] = [
          await lanczos(operator, { k: 6, which: 'BE', seed }),
          await lanczos(operator, { k: 3, which: 'LA', seed }),
          await lanczos(operator, { k: 3, which: 'SA', seed }),
        ];
        expect(both.numMatvecs).toBeLessThanOrEqual(Math.max(above.numMatvecs, below.numMatvecs) + 3);
        for (const result of [both, above, below]) result.dispose();
      }
    });
  });

  it('are found with all their copies, above and below', async () => {
    const folds = [...Array.from({ length: 60 }, (_, i) => Math.sin(i)), 5, 5, -5, -5, -5];
    await withDiagonal(folds, async (operator) => {
      const result = await lanczos(operator, { k: 5, which: 'BE' });
      [-5, -5, Math.max(...folds.slice(0, 60)), 5, 5].forEach((value, i) =>
        expect(result.eigenvalues[i]).toBeCloseTo(value, 3),
      );
      result.dispose();
    });
  });

  it('are wanted in turn, the largest first', () => {
    const { values: ordered } = symmetricEigen(5, (i, j) => (i === j ? [1, -2, 7, 0, 4][i]! : 0), 'BE');
    expect([...ordered]).toEqual([7, -2, 4, 0, 1]);
    expect(wantedOrder([1, -2, 7, 0], 'BE')).toEqual([2, 1, 0, 3]);
  });
});

async function withDiagonal(
  entries: readonly number[],
  f: (operator: Parameters<typeof lanczos>[0]) => Promise<void>,
): Promise<void> {
  const diagonal = tf.tensor1d([...entries]);
  const tensors = tf.memory().numTensors;
  const matvec = (v: tf.Tensor1D): tf.Tensor1D => tf.mul(v, diagonal);
  await f({ size: entries.length, matvec, dispose: () => {} });
  expect(tf.memory().numTensors).toBe(tensors);
  diagonal.dispose();
}
