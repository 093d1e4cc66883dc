import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/random.js';
import { KrylovBasis } from '../../../src/solvers/basis.js';
import { candidateOf } from '../../../src/solvers/candidate.js';
import { orthogonalize } from '../../../src/solvers/orthogonalize.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import { peakBytes } from '../../peak-bytes.js';
import { useBackend } from '../../wasm-backend.js';

/** Adds a random row and returns what was measured. */
function grow(basis: KrylovBasis, random: SeededRandom): void {
  const vector = tf.tensor1d(random.fillNormal(new Float32Array(basis.size)));
  const candidate = candidateOf(vector);
  driveSync(orthogonalize(basis, candidate));
  basis.append(candidate);
}

describe('KrylovBasis over several tiles', () => {
  const n = 2 ** 18 + 1234;
  const count = 9;
  beforeAll(() => useBackend('wasm'));

  it('is orthonormal to a few 1e-6, whatever n: sums are made in chunks', () => {
    const basis = new KrylovBasis(n);
    const random = new SeededRandom(1);
    for (let i = 0; i < count; i++) grow(basis, random);
    expect(basis.rows).toBe(count);
    const rows = Array.from({ length: count }, (_, i) => {
      const row = basis.row(i);
      const data = row.dataSync();
      row.dispose();
      return data;
    });
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let l = 0; l < n; l++) sum += rows[i]![l]! * rows[j]![l]!;
        expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(3e-6);
      }
    }
    basis.dispose();
  });

  it('combines its rows and hands them over, leaving nothing behind', () => {
    const tensors = tf.memory().numTensors;
    const basis = new KrylovBasis(n);
    const random = new SeededRandom(2);
    for (let i = 0; i < count; i++) grow(basis, random);
    const first = basis.row(0);
    const last = basis.row(count - 1);
    const expected = tf.tidy(() => tf.sub(tf.mul(first, 0.6), tf.mul(last, 0.8)).dataSync());
    basis.rotate([Array.from({ length: count }, (_, i) => (i === 0 ? 0.6 : i === count - 1 ? -0.8 : 0))]);
    expect(basis.rows).toBe(1);
    const whole = basis.release();
    expect(whole.shape).toEqual([1, n]);
    const received = whole.dataSync();
    for (let l = 0; l < n; l += 97) expect(received[l]).toBeCloseTo(expected[l]!, 7);
    for (const tensor of [first, last, whole]) tensor.dispose();
    basis.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('never holds more than four vectors beside its rows and the one it is given', () => {
    const basis = new KrylovBasis(n);
    const random = new SeededRandom(4);
    for (let i = 0; i < count; i++) grow(basis, random);
    const vector = tf.tensor1d(random.fillNormal(new Float32Array(n)));
    const extra = peakBytes(() => {
      const candidate = candidateOf(vector);
      driveSync(orthogonalize(basis, candidate));
      basis.append(candidate);
    });
    expect(extra / (4 * n)).toBeLessThan(4);
    basis.dispose();
  });
});

describe('KrylovBasis without kernels for scattered rows', () => {
  beforeAll(() => useBackend('cpu'));

  // A GPU backend compiles a program for each list of shapes that a kernel is given.
  it('meets few shapes, however many rows it has', async () => {
    const basis = new KrylovBasis(101);
    const random = new SeededRandom(3);
    const shapes = new Set<string>();
    const counts: number[] = [];
    for (let i = 0; i < 90; i++) {
      const { kernels } = await tf.profile(() => void grow(basis, random));
      for (const { name, inputShapes } of kernels) shapes.add(`${name} ${JSON.stringify(inputShapes)}`);
      counts.push(shapes.size);
    }
    expect(counts.at(-1)! - counts[9]!).toBeLessThan(20);
    basis.dispose();
  });
});
