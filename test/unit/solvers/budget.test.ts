import fc from 'fast-check';
import { Matrix, solve as solveDense } from 'ml-matrix';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/random.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { minres } from '../../../src/solvers/minres.js';
import { loadEigenResult, saveEigenResult } from '../../../src/solvers/result.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { counted } from '../../contract/counted.js';
import { matrixWithSpectrum, operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

const spectrum = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 14 });
const budgets = fc.integer({ min: 1, max: 25 });
const runs = { numRuns: 120, seed: 11 };

beforeAll(() => useBackend('cpu'));

describe('a budget of products', () => {
  it('is never exceeded by lanczos, whatever it needs products for', () =>
    fc.assert(
      fc.asyncProperty(
        spectrum,
        budgets,
        fc.constantFrom(0, 4, 50),
        fc.boolean(),
        async (values, extra, confirm, isZero) => {
          const n = values.length;
          const k = Math.min(3, n);
          // Products that are rounding alone make a run ask for the magnitude, and an operator that drifts be measured again.
          const plain = operatorWithSpectrum(values.map((value) => (isZero ? 1e-9 * value : value)));
          const operator = counted(plain, isZero ? 1 : undefined);
          const maxMatvecs = k + extra - 1;
          const result = await lanczos(operator, { k, maxMatvecs, confirm, krylovDim: Math.min(n, 7) });
          expect(operator.products).toBeLessThanOrEqual(maxMatvecs);
          expect(result.numMatvecs).toBeLessThanOrEqual(operator.products);
          expect(['converged', 'maxMatvecs']).toContain(result.status);
          expect(result.eigenvalues.every(Number.isFinite)).toBe(true);
          result.dispose();
          operator.dispose();
        },
      ),
      runs,
    ));

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('is never exceeded by %s', (name, solver) =>
    fc.assert(
      fc.asyncProperty(spectrum, budgets, fc.boolean(), async (values, maxMatvecs, isRound) => {
        const plain = operatorWithSpectrum(
          values.map((value) => (name === 'solve' ? 1 + value ** 4 : value)),
        );
        const operator = counted(plain, isRound ? 1e7 : undefined);
        const b = tf.tensor1d(new SeededRandom(3).fillNormal(new Float32Array(values.length)));
        const initial = isRound ? b : undefined;
        const result = await solver(operator, b, { maxMatvecs, tol: 1e-7, initial });
        expect(operator.products).toBeLessThanOrEqual(maxMatvecs);
        expect(result.numMatvecs).toBeLessThanOrEqual(operator.products);
        for (const held of [result, operator, b]) held.dispose();
      }),
      runs,
    ),
  );

  it('does not change a run that needs less', async () => {
    const operator = operatorWithSpectrum([8, 7, 5, 3, 2, 1, 0.5, 0.1, -1, -2]);
    const free = await lanczos(operator, { k: 3 });
    const enough = await lanczos(operator, { k: 3, maxMatvecs: free.numMatvecs });
    const short = await lanczos(operator, { k: 3, maxMatvecs: free.numMatvecs - 1 });
    expect(enough.status).toBe('converged');
    expect([...enough.eigenvalues]).toEqual([...free.eigenvalues]);
    expect(short.status).toBe('maxMatvecs');
    for (const held of [free, enough, short, operator]) held.dispose();
  });

  it('takes pairs as they are where none are to be looked for besides', async () => {
    const operator = operatorWithSpectrum([8, ...Array.from({ length: 30 }, (_, i) => i / 10)]);
    const free = await lanczos(operator, { k: 1, confirm: 0 });
    const { numMatvecs } = free;
    const result = await lanczos(operator, { k: 1, confirm: 0, maxMatvecs: numMatvecs });
    const unchecked = await lanczos(operator, { k: 1, maxMatvecs: numMatvecs });
    expect(result.status).toBe('converged');
    expect(unchecked).toMatchObject({ status: 'maxMatvecs', numConverged: 1 });
    for (const held of [free, result, unchecked, operator]) held.dispose();
  });

  it('does not believe pairs that it cannot afford to measure again', async () => {
    // Products with an error of 1e-3 that changes from one to the next.
    const plain = operatorWithSpectrum([8, 3, 2, 1, 0.5, 0.2]);
    let turn = 0;
    const drifting = counted({
      size: 6,
      matvec: (v) => tf.tidy(() => tf.mul(plain.matvec(v), 1 + 1e-3 * Math.sin(turn++)) as tf.Tensor1D),
      dispose: () => plain.dispose(),
    });
    const free = await lanczos(drifting, { k: 2, tol: 1e-2 });
    turn = 0;
    drifting.products = 0;
    const result = await lanczos(drifting, { k: 2, tol: 1e-2, maxMatvecs: free.numMatvecs - 1 });
    expect(free.asymmetry).toBeGreaterThan(1e-4);
    expect(result.status).toBe('maxMatvecs');
    expect(drifting.products).toBeLessThan(free.numMatvecs);
    for (const held of [free, result, drifting]) held.dispose();
  });

  it.each([0, 2, 9])('keeps what an aborted run has after %i products, also in a file', async (products) => {
    const values = Array.from({ length: 30 }, (_, i) => 1 + i / 30);
    const controller = new AbortController();
    if (products === 0) controller.abort();
    const operator = counted(operatorWithSpectrum(values));
    const { matvec } = operator;
    operator.matvec = (v) => {
      if (operator.products + 1 === products) controller.abort();
      return matvec(v);
    };
    const options = { k: 4, onAbort: 'return', signal: controller.signal } as const;
    const result = await lanczos(operator, options);
    const again = loadEigenResult(await saveEigenResult(result));
    expect(again).toMatchObject({ status: 'aborted', numMatvecs: products });
    expect(again.eigenvalues).toEqual(result.eigenvalues);
    const found = Math.min(products, 4);
    // As many pairs as products; the rest is not known, and its vectors are zero.
    const norms = await tf.tidy(() => tf.norm(again.eigenvectors, 2, 1)).data();
    again.eigenvalues.forEach((value, i) => {
      expect(Number.isNaN(value)).toBe(i >= found);
      expect(norms[i]).toBeCloseTo(i < found ? 1 : 0, 5);
      // Values of a section of the spectrum lie within it, in order (Cauchy).
      if (i < found) expect(value).toBeLessThanOrEqual(2 + 1e-5);
      if (i > 0 && i < found) expect(value).toBeLessThanOrEqual(again.eigenvalues[i - 1]!);
    });
    for (const held of [result, again, operator]) held.dispose();
  });

  it('says nothing of a symmetry that it cannot afford to judge', async () => {
    // Rounding of products of size 1e-9, from terms of size 1.
    const a = tf.tensor2d([
      [0, 1e-9],
      [-1e-9, 0],
    ]);
    const operator = counted(matrixOperator(a), 1);
    const poor = await lanczos(operator, { maxMatvecs: 2 });
    expect(poor.status).toBe('invariantSubspace');
    expect(operator.products).toBe(2);
    const rich = await lanczos(operator, { maxMatvecs: 9 });
    expect(rich.status).toBe('converged');
    for (const held of [poor, rich, operator, a]) held.dispose();
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('ends %s with the best of the Krylov space it has spanned', async (name, solver) => {
    const values = [9, 7, 6, 4, 3, 2, 1.5, 1];
    const operator = operatorWithSpectrum(values);
    const a = new Matrix(matrixWithSpectrum(values));
    const b = Matrix.columnVector([...new SeededRandom(5).fillNormal(new Float32Array(8))]);
    const right = tf.tensor1d(b.to1DArray());
    for (const maxMatvecs of [2, 3, 5]) {
      const basis = krylovBasis(a, b, maxMatvecs - 1);
      const image = a.mmul(basis);
      const left = name === 'solve' ? basis.transpose() : image.transpose();
      const exact = basis.mmul(solveDense(left.mmul(image), left.mmul(b))).to1DArray();
      const result = await solver(operator, right, { maxMatvecs, tol: 1e-7 });
      const received = await result.x.data();
      // float32, κ = 9.
      exact.forEach((x, i) => expect(received[i]).toBeCloseTo(x, 5));
      result.dispose();
    }
    right.dispose();
    operator.dispose();
  });
});

/** Orthonormal columns that span b, Ab, … in double precision. */
function krylovBasis(a: Matrix, b: Matrix, columns: number): Matrix {
  const basis: Matrix[] = [];
  let next = b;
  for (let i = 0; i < columns; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (const vector of basis) next = Matrix.sub(next, Matrix.mul(vector, vector.dot(next)));
    }
    basis.push(Matrix.div(next, next.norm()));
    next = a.mmul(basis.at(-1)!);
  }
  return new Matrix(basis.map((vector) => vector.to1DArray())).transpose();
}
