import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/random.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { lowRankPreconditioner } from '../../../src/solvers/low-rank-preconditioner.js';
import { counted } from '../../contract/counted.js';
import { matrixWithSpectrum, operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

const rightHandSide = (n: number): number[] => [...new SeededRandom(6).fillNormal(new Float32Array(n))];

/** ½xᵀAx - bᵀx in double precision. */
function quadratic(a: Matrix, b: readonly number[], x: ArrayLike<number>): number {
  const image = a.mmul(Matrix.columnVector(Array.from(x))).to1DArray();
  return image.reduce((sum, y, i) => sum + x[i]! * (y / 2 - b[i]!), 0);
}

/** The least ½xᵀAx - bᵀx of ‖x‖ = radius, by the secular equation (Nocedal & Wright 2006, §4.3), where b has a part of all pairs. */
function leastOnSphere(a: Matrix, b: readonly number[], radius: number): number {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(a, { assumeSymmetric: true });
  const parts = eigenvectorMatrix
    .transpose()
    .mmul(Matrix.columnVector([...b]))
    .to1DArray();
  let low = -Math.min(...realEigenvalues);
  let high = low + Math.hypot(...b) / radius + 1;
  const stepOf = (shift: number): number[] => realEigenvalues.map((value, i) => parts[i]! / (value + shift));
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (Math.hypot(...stepOf(middle)) > radius) low = middle;
    else high = middle;
  }
  return stepOf(high).reduce((sum, z, i) => sum + z * ((realEigenvalues[i]! * z) / 2 - parts[i]!), 0);
}

describe('a trust region', () => {
  it('says so where the product that measures its last iterate is no number', async () => {
    let products = 0;
    const matvec = (v: tf.Tensor1D): tf.Tensor1D => (++products === 2 ? tf.fill([2], NaN) : tf.mul(v, 5));
    const result = await solve({ size: 2, matvec, dispose: () => {} }, tf.tensor1d([3, 4]), {
      trustRadius: 0.01,
    });
    expect(result).toMatchObject({ status: 'nonFinite', residualNorm: 5 });
    expect([...result.x.dataSync()]).toEqual([0, 0]);
    result.dispose();
  });

  it.each([3, 1e160, 1e300])('of radius %d is none to a solution within it', async (trustRadius) => {
    const diagonal = tf.tensor1d([1, 2, 5]);
    const operator = {
      size: 3,
      matvec: (v: tf.Tensor1D): tf.Tensor1D => tf.mul(v, diagonal),
      dispose: () => {},
    };
    const b = tf.ones([3]) as tf.Tensor1D;
    const result = await solve(operator, b, { trustRadius, tol: 1e-5 });
    expect(result.status).toBe('converged');
    [1, 1 / 2, 1 / 5].forEach((x, i) => expect(result.x.dataSync()[i]).toBeCloseTo(x, 4));
    for (const held of [result, b, diagonal]) held.dispose();
  });

  it.each([1e10, 1e19, 1e20, 1e25])('ends on a boundary as far away as %d', async (trustRadius) => {
    const diagonal = tf.tensor1d([-1, 2, 3]);
    const matvec = (v: tf.Tensor1D): tf.Tensor1D => tf.mul(v, diagonal);
    const b = tf.ones([3]) as tf.Tensor1D;
    const { x, status, residualNorm, dispose } = await solve({ size: 3, matvec, dispose: () => {} }, b, {
      trustRadius,
    });
    expect(status).toBe('trustRegion');
    expect(Math.hypot(...x.dataSync()) / trustRadius).toBeCloseTo(1, 5);
    expect(residualNorm / trustRadius).toBeGreaterThan(0.5);
    dispose();
    tf.dispose([b, diagonal]);
  });

  it('ends on its boundary, at least half as far down as one gets', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.2, max: 9, noNaN: true }), { minLength: 2, maxLength: 10 }),
        fc.double({ min: 0.01, max: 0.9, noNaN: true }),
        fc.boolean(),
        async (values, share, isLarge) => {
          const n = values.length;
          // All scales of b: the system is solved at one of its own.
          const size = isLarge ? 1e12 : 1;
          const b = rightHandSide(n);
          const a = new Matrix(matrixWithSpectrum(values));
          const operator = operatorWithSpectrum(values);
          const right = tf.tensor1d(b.map((x) => size * x));
          const free = await solve(operator, right, { tol: 1e-6 });
          const length = Math.hypot(...(await free.x.data()));
          const trustRadius = share * length;
          const result = await solve(operator, right, { tol: 1e-6, trustRadius });
          const x = Array.from(await result.x.data(), (value) => value / size);
          expect(result.status).toBe('trustRegion');
          expect(Math.hypot(...x) / (trustRadius / size)).toBeCloseTo(1, 5);
          const least = leastOnSphere(a, b, trustRadius / size);
          expect(quadratic(a, b, x)).toBeLessThanOrEqual(0.5 * least * (1 - 1e-4));
          expect(quadratic(a, b, x)).toBeGreaterThanOrEqual(least * (1 + 1e-4));
          for (const held of [free, result, operator, right]) held.dispose();
        },
      ),
      { numRuns: 60, seed: 4 },
    ));

  it('is along b where it is small, and does nothing where it is wide', async () => {
    const values = [5, 4, 2, 1, 0.5];
    const operator = operatorWithSpectrum(values);
    const b = rightHandSide(5);
    const right = tf.tensor1d(b);
    const narrow = await solve(operator, right, { trustRadius: 1e-3 });
    const received = await narrow.x.data();
    b.forEach((x, i) => expect(received[i]! * 1e3).toBeCloseTo(x / Math.hypot(...b), 5));
    expect(narrow).toMatchObject({ status: 'trustRegion', numIterations: 1 });
    const wide = await solve(operator, right, { trustRadius: 1e6, tol: 1e-5 });
    const free = await solve(operator, right, { tol: 1e-5 });
    expect(wide.status).toBe('converged');
    expect(await wide.x.data()).toEqual(await free.x.data());
    for (const held of [narrow, wide, free, operator, right]) held.dispose();
  });

  it.each([
    ['of both signs', [5, 3, 1, -1, -4, 0.5]],
    ['negative', [-5, -3, -1, -2]],
    ['singular', [3, 1, 0, 0]],
  ])('is reached where A is %s, with the true residual', async (_, values) => {
    const n = values.length;
    const b = rightHandSide(n);
    const a = new Matrix(matrixWithSpectrum(values));
    const operator = counted(operatorWithSpectrum(values));
    const right = tf.tensor1d(b);
    for (const maxMatvecs of [Infinity, 20]) {
      const result = await solve(operator, right, { trustRadius: 50, tol: 1e-6, maxMatvecs });
      const x = Array.from(await result.x.data());
      expect(result.status).toBe('trustRegion');
      expect(Math.hypot(...x) / 50).toBeCloseTo(1, 5);
      // No worse than the boundary along b, the Cauchy point where it is there.
      const along = b.map((value) => (50 * value) / Math.hypot(...b));
      expect(quadratic(a, b, x)).toBeLessThan(0);
      if (values.every((value) => value < 0)) {
        expect(quadratic(a, b, x)).toBeLessThanOrEqual(quadratic(a, b, along) * (1 - 1e-4));
      }
      const image = a.mmul(Matrix.columnVector(x)).to1DArray();
      // Products of float32 of size 50 · 5.
      expect(Math.abs(result.residualNorm - Math.hypot(...image.map((y, i) => b[i]! - y)))).toBeLessThan(
        1e-3,
      );
      result.dispose();
    }
    operator.dispose();
    right.dispose();
  });

  it.each([
    [{ trustRadius: 0 }, /trustRadius > 0/],
    [{ trustRadius: -1 }, /trustRadius > 0/],
  ])('%o is refused', async (options, message) => {
    const operator = operatorWithSpectrum([1, 2]);
    const b = tf.tensor1d([1, 1]);
    await expect(solve(operator, b, options)).rejects.toThrow(message);
    const both = solve(operator, b, { trustRadius: 1, initial: b });
    await expect(both).rejects.toThrow(/no initial with a trustRadius/);
    operator.dispose();
    b.dispose();
  });
});

describe('a preconditioner of eigenpairs', () => {
  const values = [900, 300, 40, ...Array.from({ length: 30 }, () => 1)];

  it('leaves two different eigenvalues, so that two iterations do', async () => {
    const diagonal = tf.tensor1d(values);
    const operator = {
      size: 33,
      matvec: (v: tf.Tensor1D) => tf.mul(v, diagonal) as tf.Tensor1D,
      dispose: () => {},
    };
    const eigenvectors = tf.tidy(() => tf.slice(tf.eye(33), [0, 0], [3, 33])) as tf.Tensor2D;
    const preconditioner = lowRankPreconditioner(
      { eigenvalues: values.slice(0, 3), eigenvectors },
      { damping: 0.5 },
    );
    const b = tf.tensor1d(rightHandSide(33));
    const options = { damping: 0.5, tol: 1e-5 };
    const plain = await solve(operator, b, options);
    const result = await solve(operator, b, { ...options, preconditioner });
    expect(plain.status).toBe('converged');
    expect(plain.numIterations).toBeGreaterThanOrEqual(4);
    expect(result).toMatchObject({ status: 'converged', numIterations: 2 });
    const x = await result.x.data();
    rightHandSide(33).forEach((y, i) => expect(x[i]).toBeCloseTo(y / (values[i]! + 0.5), 4));
    for (const held of [plain, result, preconditioner, b, eigenvectors, diagonal]) held.dispose();
  });

  it.each([
    ['not definite', [2, -1], 0.5, /eigenvalue \+ damping above 0/],
    ['unknown', [2, NaN], 0.5, /finite eigenvalues/],
    ['too few', [2], 0.5, /2 finite eigenvalues/],
  ])('of pairs that are %s is refused', (_, eigenvalues, damping, message) => {
    const eigenvectors = tf.tensor2d([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(() => lowRankPreconditioner({ eigenvalues, eigenvectors }, { damping })).toThrow(message);
    eigenvectors.dispose();
  });
});
