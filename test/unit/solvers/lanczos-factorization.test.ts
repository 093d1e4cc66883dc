import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/random.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import { LanczosFactorization } from '../../../src/solvers/lanczos-factorization.js';
import { solveProjected } from '../../../src/solvers/projected-eigenproblem.js';
import { matrixWithSpectrum } from '../../contract/prescribed-spectrum.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { useBackend } from '../../wasm-backend.js';

const n = 60;
const values = Array.from({ length: n }, (_, i) => Math.cos(i) * 3 ** (-i / 10));
const matrix = matrixWithSpectrum(values);

/** The rows of the basis in double precision. */
function rowsOf(factorization: LanczosFactorization): Float32Array[] {
  return Array.from({ length: factorization.basis.rows }, (_, i) => {
    const row = factorization.basis.row(i);
    const data = Float32Array.from(row.dataSync());
    row.dispose();
    return data;
  });
}

function times(a: number[][], v: ArrayLike<number>): number[] {
  return a.map((row) => row.reduce((sum, x, j) => sum + x * v[j]!, 0));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** AV = VH column by column, and VᵀV = I, to a few roundings of float32 (2^-24 = 6e-8). */
function expectIdentities(factorization: LanczosFactorization): void {
  const rows = rowsOf(factorization);
  rows.forEach((a, i) =>
    rows.slice(0, i + 1).forEach((b, j) => expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 6)),
  );
  for (const j of factorization.processed) {
    const defect = times(matrix, rows[j]!);
    rows.forEach((row, i) => row.forEach((x, l) => (defect[l]! -= factorization.coefficient(i, j) * x)));
    expect(Math.hypot(...defect)).toBeLessThan(3e-6);
  }
}

describe('LanczosFactorization', () => {
  const random = new SeededRandom(3);
  let factorization: LanczosFactorization<LinearOperator>;
  let tensors: number;
  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    tensors = tf.memory().numTensors;
    const a = tf.tensor2d(matrix);
    factorization = new LanczosFactorization(matrixOperator(a));
    a.dispose();
  });
  afterEach(() => {
    factorization.dispose();
    factorization.operator.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('keeps AV = VH and VᵀV = I after every step, and ‖r‖ = β', () => {
    driveSync(factorization.includeRandom(random));
    for (let step = 0; step < 20; step++) {
      expect(driveSync(factorization.extend())).toBe('extended');
      expectIdentities(factorization);
      const rows = rowsOf(factorization);
      const remainder = times(matrix, rows[step]!);
      for (let i = 0; i <= step; i++) {
        const along = dot(rows[i]!, remainder);
        rows[i]!.forEach((x, l) => (remainder[l]! -= along * x));
      }
      expect(factorization.coefficient(step + 1, step)).toBeCloseTo(Math.hypot(...remainder), 5);
    }
  });

  it('makes a tridiagonal matrix of a symmetric operator', () => {
    driveSync(factorization.includeRandom(random));
    for (let step = 0; step < 15; step++) driveSync(factorization.extend());
    for (let j = 0; j < 15; j++) {
      for (let i = 0; i < j - 1; i++) expect(Math.abs(factorization.coefficient(i, j))).toBeLessThan(1e-6);
    }
    expect(factorization.asymmetry).toBeLessThan(1e-6);
  });

  it('keeps the identities with several start vectors, multiplied in either order', () => {
    for (let i = 0; i < 3; i++) driveSync(factorization.includeRandom(random));
    for (const at of [0, 0, 2, 2, 1]) {
      driveSync(factorization.extend(factorization.pending[at]));
      expect(factorization.pending).toHaveLength(3);
      expectIdentities(factorization);
    }
  });

  it.each([
    ['one pending row', 1, false],
    ['several', 3, false],
    ['several, and a restart meanwhile', 3, true],
  ])('keeps the identities when rows are set aside and taken back: %s', (_, chains, isRestarted) => {
    for (let i = 0; i < chains; i++) driveSync(factorization.includeRandom(random));
    for (let step = 0; step < 9; step++) driveSync(factorization.extend());
    for (let round = 0; round < 2; round++) {
      const { held, processed } = factorization;
      const multiplied = processed.length;
      factorization.setAside();
      expect(factorization.held).toBe(held);
      expect(factorization.basis.rows).toBe(multiplied);
      driveSync(factorization.includeRandom(random));
      for (let step = 0; step < 4; step++) {
        driveSync(factorization.extend());
        if (!isRestarted || step !== 2) continue;
        driveSync(factorization.takeBack());
        factorization.restart(solveProjected(factorization, 'LA', 0).vectors.slice(0, multiplied - 2));
        factorization.setAside(factorization.pending.slice(1));
      }
      const before = solveProjected(factorization, 'LA', 0).values;
      driveSync(factorization.takeBack());
      expect(factorization.pending).toHaveLength(chains + round + 1);
      expectIdentities(factorization);
      // Without a product the projected matrix is what it was, to the rounding of A.
      const after = solveProjected(factorization, 'LA', 0).values;
      after.forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 5));
    }
  });

  it('lets go of rows set aside that the others have come to span, and of all when disposed', () => {
    driveSync(factorization.includeRandom(random));
    driveSync(factorization.extend());
    factorization.setAside();
    while (!factorization.isComplete) {
      driveSync(factorization.includeRandom(random));
      driveSync(factorization.extend());
    }
    driveSync(factorization.takeBack());
    expect(factorization.held).toBe(n);
    factorization.setAside();
  });

  it('keeps the identities when several start vectors become their sum', () => {
    const start = [5, 6, 7, 8].map((i) => Float32Array.from({ length: n }, (_, l) => Math.sin(i * l + i)));
    for (const vector of start) driveSync(factorization.include(tf.tensor1d(vector)));
    const before = rowsOf(factorization);
    factorization.gatherPending();
    expectIdentities(factorization);
    const sum = before[0]!.map((_, l) => before.reduce((all, row) => all + row[l]!, 0) / 2);
    expect(dot(rowsOf(factorization)[0]!, sum)).toBeCloseTo(1, 6);
    driveSync(factorization.extend());
    // ‖(I - VVᵀ)Aq‖ / ‖Aq‖, V the start vectors and q their sum.
    const image = times(matrix, sum);
    const outside = image.slice();
    for (const row of before) row.forEach((x, l) => (outside[l]! -= dot(row, image) * x));
    expect(factorization.firstResidual()).toBeCloseTo(Math.hypot(...outside) / Math.hypot(...image), 5);
    factorization.foldPending();
    expect(factorization.basis.rows).toBe(2);
    expectIdentities(factorization);
    for (let step = 0; step < 6; step++) driveSync(factorization.extend());
    expectIdentities(factorization);
    for (let i = 0; i < 4; i++) expect(Math.abs(factorization.coefficient(i, 6))).toBeLessThan(1e-6);
  });

  it('keeps the identities and the Ritz pairs through a restart', () => {
    driveSync(factorization.includeRandom(random));
    for (let step = 0; step < 12; step++) driveSync(factorization.extend());
    const before = solveProjected(factorization, 'LA', 4);
    factorization.restart(before.vectors.slice(0, 6));
    expect(factorization.basis.rows).toBe(7);
    expectIdentities(factorization);
    const after = solveProjected(factorization, 'LA', 4);
    for (let i = 0; i < 4; i++) {
      expect(after.values[i]).toBeCloseTo(before.values[i]!, 6);
      expect(after.residualNorms[i]).toBeCloseTo(before.residualNorms[i]!, 6);
    }
    driveSync(factorization.extend());
    expectIdentities(factorization);
  });

  it('computes the residuals of the Ritz vectors it stands for', () => {
    driveSync(factorization.includeRandom(random));
    for (let step = 0; step < 10; step++) driveSync(factorization.extend());
    const { values: ritz, vectors, residualNorms } = solveProjected(factorization, 'LM', 3);
    const basis = rowsOf(factorization);
    for (let p = 0; p < 3; p++) {
      const y = new Float64Array(n);
      factorization.processed.forEach((row, i) =>
        basis[row]!.forEach((x, l) => (y[l]! += vectors[p]![i]! * x)),
      );
      const residual = times(matrix, y).map((x, l) => x - ritz[p]! * y[l]!);
      expect(residualNorms[p]).toBeCloseTo(Math.hypot(...residual), 5);
    }
  });

  it('spans R^n and then takes no further row', () => {
    driveSync(factorization.includeRandom(random));
    while (factorization.pending.length > 0) driveSync(factorization.extend());
    expect(factorization.isComplete).toBe(true);
    expectIdentities(factorization);
    expect(driveSync(factorization.includeRandom(random))).toBe('dependent');
  });
});
