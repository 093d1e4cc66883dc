import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KrylovBasis } from '../../../src/solvers/basis.js';
import { candidateOf, vectorOf } from '../../../src/solvers/candidate.js';
import type { Projection } from '../../../src/solvers/orthogonalize.js';
import { orthogonalize } from '../../../src/solvers/orthogonalize.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';

const n = 1000;

/** Row k of the orthogonal matrix of the discrete cosine transform. */
const cosine = (k: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.sqrt(2 / n) * Math.cos((Math.PI * (i + 0.5) * k) / n));

const inner = (a: ArrayLike<number>, b: number[]): number => b.reduce((sum, x, i) => sum + x * a[i]!, 0);

const rows = [cosine(1), cosine(2), cosine(3)];

describe.each(['cpu', 'wasm'])('orthogonalize on %s', (setting) => {
  let tensors = 0;
  beforeAll(async () => {
    await useBackend(setting as 'cpu' | 'wasm');
    if (setting === 'wasm') return registerWasmTrainingKernels();
  });
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  function against(vector: ArrayLike<number>, coupled?: number): Projection & { left: Float32Array } {
    const basis = new KrylovBasis(n);
    for (const row of rows) basis.append(candidateOf(tf.tensor1d(row)));
    const candidate = candidateOf(tf.tensor1d(Float32Array.from(vector)));
    const projection = driveSync(orthogonalize(basis, candidate, coupled));
    const rest = vectorOf(candidate);
    const left = rest.dataSync<'float32'>().slice();
    tf.dispose(rest);
    basis.dispose();
    return { ...projection, left };
  }

  it.each([undefined, 1])('takes off what lies along the rows, the first pass from row %s on', (coupled) => {
    const [along, other] = [cosine(3), cosine(7)];
    const { coefficients, remainder, left } = against(
      along.map((x, i) => 3 * x - 4 * other[i]!),
      coupled,
    );
    [0, 0, 3].forEach((wanted, i) => expect(Math.abs(coefficients[i]! - wanted)).toBeLessThan(3e-6));
    expect(Math.abs(remainder - 4)).toBeLessThan(4e-6);
    expect(Math.abs(inner(left, other) + 1)).toBeLessThan(1e-6);
  });

  // Of 3 · 1e4 parts one is left: a single pass would leave rounding of the size of 1e-3 along the rows.
  it.each([undefined, 1])('goes on until little is taken off, the first pass from row %s on', (coupled) => {
    const [along, other] = [cosine(2), cosine(7)];
    const { remainder, left } = against(
      along.map((x, i) => 3 * x + 1e-4 * other[i]!),
      coupled,
    );
    expect(Math.abs(remainder / 1e-4 - 1)).toBeLessThan(5e-3);
    for (const row of rows) expect(Math.abs(inner(left, row))).toBeLessThan(1e-6);
    expect(Math.abs(inner(left, Array.from(left)) - 1)).toBeLessThan(1e-5);
  });

  it('leaves rounding of what lies in the span, nothing of zero, and says what is not a number', () => {
    expect(against(cosine(2)).remainder).toBeLessThan(1e-6);
    const nothing = against(new Float32Array(n));
    expect([...nothing.coefficients, nothing.remainder, ...new Set(nothing.left)]).toEqual([0, 0, 0, 0, 0]);
    expect(against(new Float32Array(n).fill(NaN)).remainder).toBeNaN();
  });
});
