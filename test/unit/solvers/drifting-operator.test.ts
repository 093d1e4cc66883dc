import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/index.js';
import { lanczos, spectralNorm } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

const n = 60;
/** 10, 7, and a tail below 5. */
const values = Float32Array.from({ length: n }, (_, i) => [10, 7][i] ?? 5 * Math.exp(-i / 10));

/** Q diag(values) Qᵀ, times a factor that depends on how many products there have been. */
function drifting(factor: (products: number) => number): LinearOperator {
  const rows = tf.tidy(() => {
    const [q] = tf.linalg.qr(tf.randomNormal([n, n], 0, 1, 'float32', 5));
    return tf.matMul(tf.mul(q!, values), q!, false, true) as tf.Tensor2D;
  });
  let products = 0;
  return {
    size: n,
    matvec: (v) => tf.tidy(() => tf.mul(tf.dot(rows, v), factor(products++)) as tf.Tensor1D),
    dispose: () => rows.dispose(),
  };
}

beforeAll(() => useBackend('cpu'));

const drifts = {
  'by 1e-3 with each product': (t: number) => 1 + 1e-3 * t,
  'by 1 % in the middle of the run': (t: number) => (t > 8 ? 1.01 : 1),
  'by 10 % in the middle of the run': (t: number) => (t > 8 ? 1.1 : 1),
};

describe.each(Object.entries(drifts))('an operator that drifts %s', (_, factor) => {
  it('does not end as converged, and residuals are those of the operator at the end', async () => {
    const operator = drifting(factor);
    const { numTensors } = tf.memory();
    const found = await lanczos(operator, { k: 2 });
    expect(found.status).toBe('stagnated');
    expect(found.numConverged).toBeLessThan(2);
    const [value] = found.eigenvalues;
    const last = factor(found.numMatvecs - 2);
    // The eigenvector stays, so that the residual is what the eigenvalue is off, beside a 1e-3 of its own.
    expect(found.residualNorms[0]!).toBeGreaterThan(Math.abs(10 * last - value!) - 0.01);
    found.dispose();
    expect((await spectralNorm(drifting(factor))).status).toBe('stagnated');
    expect(tf.memory().numTensors).toBe(numTensors + 1);
    operator.dispose();
  });
});

it('an operator that stays costs no product more', async () => {
  const operator = drifting(() => 1);
  let last = 0;
  const found = await lanczos(operator, { k: 2, onProgress: ({ numMatvecs }) => (last = numMatvecs) });
  expect(found.status).toBe('converged');
  expect(found.numMatvecs).toBe(last);
  found.dispose();
  operator.dispose();
});
