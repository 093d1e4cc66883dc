import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { stepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { useBackend } from '../../wasm-backend.js';
import { fourDimensional, noisyQuadratic } from './noisy-quadratic.js';

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe.each(['cpu', 'wasm'] as const)('stepDecomposition on %s', (backend) => {
  beforeEach(() => useBackend(backend));

  it.each([10, -50])('is the second-order Taylor expansion on a quadratic, offset %f', async (offset) => {
    const before = tf.memory().numTensors;
    const form = noisyQuadratic({ ...fourDimensional, offset });
    const learningRate = 0.1;
    // Three minibatches are one pass: each term once.
    const result = await stepDecomposition(form.objective, {
      learningRate,
      eigenpairs: form.eigenpairs,
      k: 2,
      minibatches: 3,
    });
    const { at, eigenvalues } = fourDimensional;
    const loss = form.loss(at);
    expect(result.lossBefore).toBeCloseTo(loss, 5);
    for (const { direction, alpha, lossChange, standardDeviation, meanStepLength } of result.records) {
      if (direction === 'random') continue;
      const i = ['e₁', 'e₂'].indexOf(direction);
      const changes = form.gradients.map((g) => {
        const step = at.map((_, j) => (i < 0 || i === j ? alpha * learningRate * g[j]! : 0));
        return (100 * (form.loss(at.map((x, j) => x - step[j]!)) - loss)) / Math.abs(loss);
      });
      const lengths = form.gradients.map((g) => learningRate * alpha * Math.hypot(...(i < 0 ? g : [g[i]!])));
      // Float32 losses of order one: 1e-7 of them is 1e-5 percent; the steps add a few roundings.
      expect(lossChange).toBeCloseTo(mean(changes), 3);
      const variance = mean(changes.map((c) => (c - mean(changes)) ** 2));
      expect(standardDeviation).toBeCloseTo(Math.sqrt(variance), 3);
      expect(meanStepLength).toBeCloseTo(mean(lengths), 5);
    }
    expect(result.records).toHaveLength(4 * 7);
    expect(eigenvalues.slice(0, 2)).toEqual(result.eigenvalues);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    form.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('steps along a random unit vector by the projection of the gradient', async () => {
    const form = noisyQuadratic({ eigenvalues: [2, 2, 2], noise: [[0, 0, 0]], at: [1, 2, -1], offset: 0 });
    // With H = 2I the loss along a unit vector u is L − αη⟨g,u⟩² + α²η²⟨g,u⟩²: all α share one ⟨g,u⟩.
    const { records, lossBefore } = await stepDecomposition(form.objective, {
      learningRate: 0.1,
      eigenpairs: form.eigenpairs,
      alphas: [1, 10],
      minibatches: 1,
    });
    const [one, ten] = records.filter(({ direction }) => direction === 'random');
    const along = one!.meanStepLength / 0.1;
    expect(along).toBeGreaterThan(0);
    expect(along).toBeLessThanOrEqual(Math.hypot(2, 4, 2));
    expect((one!.lossChange / 100) * lossBefore).toBeCloseTo((-0.1 + 0.01) * along ** 2, 4);
    expect((ten!.lossChange / 100) * lossBefore).toBeCloseTo((-1 + 1) * along ** 2, 4);
    form.dispose();
  });

  it('finds the eigenpairs by itself', async () => {
    const form = noisyQuadratic(fourDimensional);
    const given = await stepDecomposition(form.objective, {
      learningRate: 0.1,
      eigenpairs: form.eigenpairs,
      k: 3,
    });
    const found = await stepDecomposition(form.objective, { learningRate: 0.1, k: 3, tol: 1e-5 });
    found.eigenvalues.forEach((value, i) => expect(value).toBeCloseTo(given.eigenvalues[i]!, 4));
    found.records.forEach((record, i) => {
      if (record.direction !== 'random') {
        expect(record.lossChange).toBeCloseTo(given.records[i]!.lossChange, 1);
      }
    });
    form.dispose();
  });
});
