import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { innerRitz } from '../../../src/solvers/inner-ritz.js';
import { rayleighRitz } from '../../../src/solvers/rayleigh-ritz.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('wasm'));

const m = 400;
/** −200, …, −1, 1, …, 200 */
const eigenvalues = Float64Array.from({ length: m }, (_, i) => (i < m / 2 ? i - m / 2 : i - m / 2 + 1));

/** The whole space, so that the Ritz pairs are the eigenpairs. */
function everything(): { rows: tf.Tensor2D; images: tf.Tensor2D; duals: tf.Tensor2D } {
  const rows = tf.eye(m);
  return { rows, images: tf.mul(rows, tf.tensor1d(Float32Array.from(eigenvalues))), duals: rows };
}

// A product of 400 × 400 matrices is 6e7 multiply–adds, and a decomposition ten times that: a second or two.
const seconds = 20;

it(
  'Rayleigh and Ritz in the span of hundreds of rows take as long as a few matrix products',
  { timeout: seconds * 1e3 },
  () => {
    const all = tf.tidy(everything);
    const found = driveSync(rayleighRitz(all, 'LA', 'test'))!;
    expect(Array.from(found.values)).toEqual(Array.from(eigenvalues).reverse());
    expect(found.norm).toBe(m / 2);
    expect(found.asymmetry).toBe(0);
    tf.dispose([all.rows, all.images]);
  },
);

it('so do the smallest eigenvalues by size', { timeout: seconds * 1e3 }, () => {
  const all = tf.tidy(everything);
  const found = driveSync(innerRitz(all, 4))!;
  // Up to twice the size of the fourth, in the order of Rayleigh and Ritz.
  expect(Array.from(found.values.subarray(0, 8))).toEqual([4, 3, 2, 1, -1, -2, -3, -4]);
  expect(found.norm).toBe(m / 2);
  tf.dispose([all.rows, all.images]);
});
