import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  lanczos,
  matrixOperator,
  minres,
  powerIteration,
  solve,
  spectralDensity,
  trace,
} from '../../../src/index.js';
import type { LinearOperator } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

const rows = [
  [3, 1, 0],
  [1, 2, 1],
  [0, 1, 1],
];
const b = (): tf.Tensor1D => tf.tensor1d([1, 2, 3]);

type Run = (operator: LinearOperator, onProgress: () => void) => Promise<unknown>;
const runs: Record<string, Run> = {
  lanczos: (operator, onProgress) => lanczos(operator, { k: 2, onProgress }),
  powerIteration: (operator, onProgress) => powerIteration(operator, { onProgress }),
  solve: async (operator, onProgress) => {
    const right = b();
    const run = solve(operator, right, { onProgress });
    right.dispose();
    return run;
  },
  minres: async (operator, onProgress) => {
    const [right, initial] = [b(), b()];
    const run = minres(operator, right, { initial, onProgress });
    tf.dispose([right, initial]);
    return run;
  },
  trace: (operator, onProgress) => trace(operator, { maxMatvecs: 20, onProgress }),
  spectralDensity: (operator, onProgress) => spectralDensity(operator, { numProbes: 1, onProgress }),
};

describe.each(Object.entries(runs))('%s that fails', (_, run) => {
  it("leaves nothing of its own, and all of the user's", async () => {
    const matrix = matrixOperator(tf.tensor2d(rows));
    const { numTensors } = tf.memory();
    const mine: tf.Tensor[] = [];
    const operator: LinearOperator = {
      size: 3,
      matvec: (v) => {
        mine.push(tf.scalar(mine.length));
        return matrix.matvec(v);
      },
      dispose: () => undefined,
    };
    const report = (): void => {
      mine.push(tf.scalar(-1));
      throw new Error('enough');
    };
    await expect(run(operator, report)).rejects.toThrow('enough');
    expect(mine.length).toBeGreaterThan(1);
    expect(mine.every(({ isDisposed }) => !isDisposed)).toBe(true);
    expect(tf.memory().numTensors).toBe(numTensors + mine.length);
    tf.dispose(mine);
    matrix.dispose();
  });
});

it('lets a report begin another run', async () => {
  const operator = matrixOperator(tf.tensor2d(rows));
  const others: Promise<void>[] = [];
  const onProgress = (): void => void others.push(lanczos(operator).then((result) => result.dispose()));
  (await lanczos(operator, { onProgress })).dispose();
  expect(others.length).toBeGreaterThan(0);
  await Promise.all(others);
  operator.dispose();
});

it('lets start vectors be disposed at once', async () => {
  const operator = matrixOperator(tf.tensor2d(rows));
  const startVectors = tf.tensor2d([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  const run = lanczos(operator, { startVectors, krylovDim: 3 });
  startVectors.dispose();
  const result = await run;
  expect(result.eigenvalues[0]).toBeCloseTo(3.73205, 4); // 2 + √3
  result.dispose();
  operator.dispose();
});
