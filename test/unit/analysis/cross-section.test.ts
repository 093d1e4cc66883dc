import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { lossCrossSection } from '../../../src/analysis/cross-section.js';
import { widthsOf } from '../../../src/analysis/section-width.js';
import { useBackend } from '../../wasm-backend.js';
import { fourDimensional, noisyQuadratic } from './noisy-quadratic.js';

describe('lossCrossSection', () => {
  beforeEach(() => useBackend('cpu'));

  it('is a parabola along each eigenvector of a quadratic, in units of the mean step', async () => {
    const before = tf.memory().numTensors;
    const form = noisyQuadratic(fourDimensional);
    const learningRate = 0.1;
    const result = await lossCrossSection(form.objective, {
      learningRate,
      eigenpairs: form.eigenpairs,
      minibatches: 3,
    });
    const { at } = fourDimensional;
    result.records.forEach(({ scale, offsets, losses }, i) => {
      const lengths = form.gradients.map((g) => learningRate * Math.abs(g[i]!));
      expect(scale).toBeCloseTo((lengths[0]! + lengths[1]! + lengths[2]!) / 3, 5);
      expect(offsets).toEqual([-16, -8, -4, -2, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 2, 4, 8, 16]);
      offsets.forEach((offset, j) => {
        const expected = form.loss(at.map((x, d) => (d === i ? x + offset * scale : x)));
        // Float32 rounding of a loss and of the point it is taken at.
        expect(Math.abs(losses[j]! - expected)).toBeLessThan(1e-5 * Math.abs(expected) + 1e-5);
      });
    });
    form.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('tells the widths of both sides, which differ off the minimum', async () => {
    // L = ½·4·w² + 1 at w = −1: L = 3. Along +e the loss falls to 1 at distance 1 and is 3 again at 2.
    const form = noisyQuadratic({ eigenvalues: [4, 1], noise: [[0, 0]], at: [-1, 0], offset: 1 });
    const { records } = await lossCrossSection(form.objective, {
      scale: 0.25,
      k: 1,
      eigenpairs: form.eigenpairs,
      distances: Array.from({ length: 17 }, (_, i) => i),
      thresholds: [1.5, 11],
    });
    // 1 + 2(x − 1)² > 4.5 for x < 1 − √1.75 = −0.32 and x > 2.32: offsets −2 and 10 of 0.25 each.
    expect(records[0]!.widths).toEqual([
      { threshold: 1.5, negative: -2, positive: 10 },
      // 1 + 2(x − 1)² > 33 for x < −3 and x > 5: offset −13 (x = −3.25); +5 is out of reach.
      { threshold: 11, negative: -13, positive: null },
    ]);
    form.dispose();
  });

  it('counts a loss that is no number as above every threshold', () => {
    expect(widthsOf([-2, -1, 0, 1, 2], [NaN, 1, 1, 1, Infinity], 1, [2])).toEqual([
      { threshold: 2, negative: -2, positive: 2 },
    ]);
  });

  it('counts from a loss below zero upwards', () => {
    // −2 and a half of 2 more
    expect(widthsOf([-2, -1, 0, 1, 2], [-1, -1.6, -2, -1.5, 0.5], -2, [1.5])).toEqual([
      { threshold: 1.5, negative: null, positive: 2 },
    ]);
  });
});
