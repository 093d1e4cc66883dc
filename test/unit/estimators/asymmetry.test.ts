import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { conditionNumber } from '../../../src/estimators/condition-number.js';
import { diagonal } from '../../../src/estimators/diagonal.js';
import { frobeniusNorm, spectralNorm } from '../../../src/estimators/norm.js';
import { spectralDensity } from '../../../src/estimators/spectral-density.js';
import { trace } from '../../../src/estimators/trace.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { SeededRandom } from '../../../src/random.js';
import { useBackend } from '../../wasm-backend.js';

const n = 60;
const random = new SeededRandom(4);
/** Normal numbers with 1, 2, … added on the diagonal: nothing in it is symmetric. */
const matrix = Array.from({ length: n }, (_, i) =>
  Array.from({ length: n }, (_, j) => random.normal() + (i === j ? i + 1 : 0)),
);
const symmetric = matrix.map((row, i) => row.map((x, j) => (x + matrix[j]![i]!) / 2));

/** A matrix, times a factor that depends on how many products there have been. */
function operatorOf(rows: number[][], factor: (products: number) => number = () => 1): LinearOperator {
  const a = tf.tensor2d(rows);
  let products = 0;
  return {
    size: n,
    matvec: (v) => tf.tidy(() => tf.mul(tf.dot(a, v), factor(products++)) as tf.Tensor1D),
    dispose: () => a.dispose(),
  };
}

const symmetricOnly = {
  'trace by XTrace': (operator: LinearOperator) => trace(operator, { tol: 1e-6 }),
  spectralDensity: (operator: LinearOperator) => spectralDensity(operator),
  spectralNorm: (operator: LinearOperator) => spectralNorm(operator),
  conditionNumber: (operator: LinearOperator) => conditionNumber(operator),
};

describe('estimators that take uᵀAv for vᵀAu', () => {
  beforeAll(() => useBackend('cpu'));

  it.each(Object.entries(symmetricOnly))(
    '%s refuses what is not symmetric, by its name',
    async (name, run) => {
      const { numTensors } = tf.memory();
      const message = new RegExp(`^${name.split(' ')[0]}: expected a symmetric operator`);
      const doubled = operatorOf(symmetric, (products) => (products > 9 ? 2 : 1));
      for (const operator of [operatorOf(matrix), doubled]) {
        await expect(run(operator)).rejects.toThrow(message);
        operator.dispose();
      }
      expect(tf.memory().numTensors).toBe(numTensors);
    },
  );

  it.each(Object.entries(symmetricOnly))('%s takes what differences leave', async (_, run) => {
    const skewed = symmetric.map((row, i) => row.map((x, j) => x * (i < j ? 1.02 : 0.98)));
    const operator = operatorOf(skewed);
    const { status } = await run(operator);
    expect(status).not.toBe('nonFinite');
    operator.dispose();
  });
});

describe('estimators that do for any square matrix', () => {
  beforeAll(() => useBackend('cpu'));
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);

  it.each(['hutchinson', 'hutch++'] as const)('trace by %s', async (method) => {
    const truth = matrix.reduce((sum, row, i) => sum + row[i]!, 0);
    const operator = operatorOf(matrix);
    let [mean, covered, claimed] = [0, 0, 0];
    for (const seed of seeds) {
      const { value, standardError } = await trace(operator, { method, seed, tol: 1e-9, maxMatvecs: 30 });
      mean += value / seeds.length;
      claimed += standardError ** 2 / seeds.length;
      if (Math.abs(value - truth) <= 2 * standardError) covered++;
    }
    expect(Math.abs(mean - truth)).toBeLessThan(3 * Math.sqrt(claimed / seeds.length));
    // Of 40, 38 are to be expected, and fewer than 34 in one of a hundred.
    expect(covered).toBeGreaterThanOrEqual(34);
    operator.dispose();
  });

  it('diagonal and frobeniusNorm', async () => {
    const operator = operatorOf(matrix);
    const norm = Math.hypot(...matrix.flat());
    const [covered, entries] = [{ norm: 0, diagonal: 0 }, seeds.length * n];
    for (const seed of seeds) {
      const found = await frobeniusNorm(operator, { seed, tol: 1e-9, maxMatvecs: 20 });
      if (Math.abs(found.value - norm) <= 2 * found.standardError) covered.norm++;
      const estimate = await diagonal(operator, { seed, tol: 1e-9, maxMatvecs: 20 });
      const errors = estimate.standardErrors.dataSync();
      estimate.diagonal.dataSync().forEach((value, i) => {
        if (Math.abs(value - matrix[i]![i]!) <= 2 * errors[i]!) covered.diagonal++;
      });
      estimate.dispose();
    }
    expect(covered.norm).toBeGreaterThanOrEqual(34);
    expect(covered.diagonal / entries).toBeGreaterThan(0.93);
    operator.dispose();
  });
});
