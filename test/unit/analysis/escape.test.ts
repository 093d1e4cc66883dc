import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EscapeVariant } from '../../../src/analysis/escape-variant.js';
import { escapeRule, escapeUpdate, escapeVariants } from '../../../src/analysis/escape-variant.js';
import { escapeAblation } from '../../../src/analysis/escape.js';
import { SeededRandom } from '../../../src/random.js';
import { useBackend } from '../../wasm-backend.js';
import { noisyQuadratic } from './noisy-quadratic.js';

beforeEach(() => useBackend('cpu'));

describe('escapeUpdate', () => {
  // Present directions e₁ = (0.6, 0.8, 0, 0), e₂ = (0, 0, 1, 0); at the start e₀ = (0, 0, 0, 1); g = (1, 2, 3, 4).
  // ⟨e₁, g⟩e₁ = 2.2·(0.6, 0.8, 0, 0) = (1.32, 1.76, 0, 0), the rest (−0.32, 0.24, 3, 4).
  const cases: [EscapeVariant, number | undefined, number[]][] = [
    ['normal', undefined, [1, 2, 3, 4]],
    ['onlyTop', undefined, [1.32, 1.76, 0, 0]],
    ['constantTop', undefined, [0, 0, 0, 4]],
    ['removeTop', undefined, [-0.32, 0.24, 3, 4]],
    ['topScaled', 4, [4 * 1.32 - 0.32, 4 * 1.76 + 0.24, 3, 4]],
    ['bottomScaled', 0.25, [1.32 - 0.08, 1.76 + 0.06, 0.75, 1]],
    ['allTopScaled', 2, [2.64 - 0.32, 3.52 + 0.24, 6, 4]],
    ['allDrop', 1, [-0.32, 0.24, 0, 4]],
    ['allDrop', 0, [1, 2, 3, 4]],
    ['constantOvershoot', undefined, [-0.32 + 0.18, 0.24 + 0.24, 3, 4]],
  ];

  it.each(cases)('%s, factor %s', async (variant, factor, expected) => {
    const present = tf.tensor2d([
      [0.6, 0.8, 0, 0],
      [0, 0, 1, 0],
    ]);
    const initial = tf.tensor2d([[0, 0, 0, 1]]);
    const g = tf.tensor1d([1, 2, 3, 4]);
    const update = escapeUpdate(
      escapeRule(variant, factor, 'test'),
      g,
      { present, initial },
      new SeededRandom(),
    );
    const values = await update.data();
    expected.forEach((x, i) => expect(values[i]).toBeCloseTo(x, 5));
    tf.dispose([present, initial, g, update]);
  });

  it('covers every variant', () => {
    expect(new Set(cases.map(([variant]) => variant))).toEqual(new Set(escapeVariants));
  });

  it('allDrop drops each direction with probability f', () => {
    const present = tf.eye(100) as tf.Tensor2D;
    const initial = tf.slice(present, [0, 0], [1, 100]);
    const g = tf.ones([100]) as tf.Tensor1D;
    const update = escapeUpdate(
      escapeRule('allDrop', 0.3, 'test'),
      g,
      { present, initial },
      new SeededRandom(3),
    );
    const kept = tf.tidy(() => tf.sum(update).dataSync()[0]!);
    // Binomial with mean 70 and standard deviation 4.6.
    expect(kept).toBeGreaterThan(55);
    expect(kept).toBeLessThan(85);
    tf.dispose([present, initial, g, update]);
  });
});

describe('escapeAblation', () => {
  it('is gradient descent along some eigenvectors on a quadratic', async () => {
    const before = tf.memory().numTensors;
    const eigenvalues = [8, 1, 0.5, 0.25];
    const at = [1, -1, 2, 3];
    const form = noisyQuadratic({ eigenvalues, noise: [[0, 0, 0, 0]], at, offset: 0 });
    const steps = 5;
    const learningRate = 0.1;
    const { runs } = await escapeAblation(form.objective, {
      learningRate,
      steps,
      variants: ['normal', 'onlyTop', 'removeTop', { variant: 'topScaled', factor: 0.5 }],
      eigenpairs: form.eigenpairs,
    });
    const factorsOnTop = [1, 1, 0, 0.5];
    const factorsOnRest = [1, 0, 1, 1];
    runs.forEach(({ records, name }, r) => {
      expect(records).toHaveLength(steps + 1);
      records.forEach(({ step, loss, sharpness, gradientAlongTop, updateAlongTop }) => {
        const w = at.map((x, i) => {
          const factor = i === 0 ? factorsOnTop[r]! : factorsOnRest[r]!;
          return x * (1 - learningRate * factor * eigenvalues[i]!) ** step;
        });
        expect(loss, `${name} at ${step}`).toBeCloseTo(form.loss(w), 4);
        expect(sharpness).toBeCloseTo(8, 4);
        if (step < steps) {
          expect(Math.abs(gradientAlongTop!)).toBeCloseTo(Math.abs(8 * w[0]!), 3);
          expect(updateAlongTop! / gradientAlongTop!).toBeCloseTo(factorsOnTop[r]!, 3);
        } else expect(gradientAlongTop).toBeUndefined();
      });
    });
    expect(runs.map(({ name }) => name)).toEqual(['normal', 'onlyTop', 'removeTop', 'topScaled 0.5']);
    form.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('ends a run whose loss overflows, and says so', async () => {
    const form = noisyQuadratic({ eigenvalues: [8, 1], noise: [[0, 0]], at: [1, 1] });
    const { runs } = await escapeAblation(form.objective, {
      learningRate: 1e30,
      steps: 5,
      variants: ['normal'],
    });
    expect(runs[0]!.diverged).toBe(true);
    expect(runs[0]!.records.length).toBeLessThan(5);
    expect(Array.from(form.variable.dataSync())).toEqual([1, 1]);
    form.dispose();
  });
});
