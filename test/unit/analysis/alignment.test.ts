import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { gradientAlignment } from '../../../src/analysis/alignment.js';
import { useBackend } from '../../wasm-backend.js';
import { fourDimensional, noisyQuadratic } from './noisy-quadratic.js';

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));

describe('gradientAlignment', () => {
  beforeEach(() => useBackend('cpu'));

  it('gives the cosines of minibatch and full gradients with the eigenvectors', async () => {
    const before = tf.memory().numTensors;
    const form = noisyQuadratic(fourDimensional);
    const result = await gradientAlignment(form.objective, {
      eigenpairs: form.eigenpairs,
      k: 3,
      minibatches: 3,
    });
    const { gradients } = form;
    const full = gradients[0]!.map((_, j) => mean(gradients.map((g) => g[j]!)));
    const of = (direction: string, gradient: string) =>
      result.records.find((record) => record.direction === direction && record.gradient === gradient)!;
    ['e₁', 'e₂', 'e₃'].forEach((name, i) => {
      const cosines = gradients.map((g) => g[i]! / Math.hypot(...g));
      const entry = of(name, 'minibatch');
      expect(entry.meanCosine).toBeCloseTo(mean(cosines), 6);
      expect(entry.cosineStandardDeviation).toBeCloseTo(deviation(cosines), 6);
      expect(entry.meanAbsCosine).toBeCloseTo(mean(cosines.map(Math.abs)), 6);
      expect(entry.standardDeviation).toBeCloseTo(deviation(cosines.map(Math.abs)), 6);
      expect(of(name, 'full batch').meanCosine).toBeCloseTo(full[i]! / Math.hypot(...full), 6);
      expect(result.factors[i]).toBeCloseTo(
        mean(cosines.map(Math.abs)) / Math.sqrt(2 / (Math.PI * full.length)),
        5,
      );
    });
    const withFull = gradients.map(
      (g) => g.reduce((sum, x, j) => sum + x * full[j]!, 0) / Math.hypot(...g) / Math.hypot(...full),
    );
    expect(of('full gradient', 'minibatch').meanCosine).toBeCloseTo(mean(withFull), 6);
    form.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has the baseline that random directions of R^n give', async () => {
    const n = 2000;
    const ones = Array.from({ length: n }, () => 1);
    const form = noisyQuadratic({ eigenvalues: ones, noise: [ones], at: ones });
    const result = await gradientAlignment(form.objective, {
      eigenpairs: form.eigenpairs,
      k: 1,
      minibatches: 1,
      randomDirections: 1000,
    });
    // Mean of 1000 half-normal numbers: its standard error is 0.76/√1000 = 2.4 %.
    expect(result.randomBaseline / result.expectedRandomBaseline).toBeGreaterThan(0.92);
    expect(result.randomBaseline / result.expectedRandomBaseline).toBeLessThan(1.08);
    form.dispose();
  });

  it('holds no direction twice', async () => {
    const [n, directions] = [1000, 100];
    const ones = Array.from({ length: n }, () => 1);
    const form = noisyQuadratic({ eigenvalues: ones, noise: [ones], at: ones });
    const before = tf.memory().numBytes;
    let most = 0;
    await gradientAlignment(form.objective, {
      eigenpairs: form.eigenpairs,
      k: 1,
      minibatches: 2,
      randomDirections: directions,
      onProgress: () => (most = Math.max(most, tf.memory().numBytes)),
    });
    // Beside them the full gradient, its direction, e₁ and a minibatch gradient.
    expect(most - before).toBeGreaterThan(4 * n * directions);
    expect(most - before).toBeLessThan(4 * n * (directions + 10));
    form.dispose();
  });
});
