import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { grad, jvp } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';

/** Smooth functions of one number near 0, each with slopes of the order of one. */
const unary: Record<string, (x: Tensor) => Tensor> = {
  tanh: tf.tanh,
  sin: tf.sin,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  'exp(x/2)': (x) => tf.exp(tf.mul(x, 0.5)),
  'log(1.5 + x²)': (x) => tf.log(tf.add(tf.square(x), 1.5)),
  'sqrt(2 + x²)': (x) => tf.sqrt(tf.add(tf.square(x), 2)),
};
const binary: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  '+': tf.add,
  '·': tf.mul,
  '−': tf.sub,
  '/ (2 + b²)': (a, b) => tf.div(a, tf.add(tf.square(b), 2)),
};

/** A recipe: at each step a function of the last value, joined with the argument. */
const recipes = fc.array(
  fc.tuple(fc.constantFrom(...Object.keys(unary)), fc.constantFrom(...Object.keys(binary))),
  {
    minLength: 1,
    maxLength: 4,
  },
);

const build =
  (recipe: [string, string][]) =>
  (x: Tensor): Tensor =>
    recipe.reduce((y: Tensor, [one, two]) => binary[two]!(unary[one]!(y), x), x);

const numbers = (f: (x: Tensor) => Tensor, at: number[]): number[] =>
  tf.tidy(() => Array.from(f(tf.tensor1d(at)).dataSync()));

beforeAll(() => useBackend('cpu'));

describe('derivatives of random functions', () => {
  it('of order up to 3 are the differences of the order below', () => {
    const points = [-0.7, 0.1, 0.8];
    // The fourth-order difference with this step is wrong by some 1e-5; float32 adds 1e-7 / step.
    const step = 1 / 32;
    fc.assert(
      fc.property(recipes, (recipe) => {
        const before = tf.memory().numTensors;
        let f = build(recipe);
        for (let order = 1; order <= 3; order++) {
          const at = (shift: number): number[] =>
            numbers(
              f,
              points.map((x) => x + shift * step),
            );
          const [a, b, c, d] = [at(-2), at(-1), at(1), at(2)];
          const differences = points.map((_, i) => (a[i]! - 8 * b[i]! + 8 * c[i]! - d[i]!) / (12 * step));
          const below = f;
          f = grad(f);
          const got = numbers(f, points);
          const along = numbers((x) => jvp(below, x, tf.onesLike(x))[1], points);
          const size = Math.max(1, ...differences.map(Math.abs));
          got.forEach((value, i) => {
            expect(Math.abs(value - differences[i]!) / size, `order ${order}`).toBeLessThan(2e-3);
            expect(Math.abs(value - along[i]!) / size, `jvp, order ${order}`).toBeLessThan(1e-4);
          });
        }
        expect(tf.memory().numTensors).toBe(before);
      }),
      { numRuns: 12, seed: 7 },
    );
  });
});
