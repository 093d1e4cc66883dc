import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import type { EigenResult } from '../../src/solvers/result.js';
import { SeededRandom } from '../../src/random.js';
import type { ContractBackend } from './contract-backend.js';
import { counted } from './counted.js';
import { brokenOperators, later } from './later.js';
import { matrixWithSpectrum, operatorWithSpectrum, wantedOf } from './prescribed-spectrum.js';
import type { EigensolverRow, LinearSolverRow, RunOptions } from './solver-rows.js';
import type { Spectrum } from './spectra.js';

const tol = 1e-4;

/** What holds for every eigensolver: it finds all that is wanted, says how well, and can be stopped. */
export function testEigensolverContract(
  rows: readonly EigensolverRow[],
  spectra: readonly Spectrum[],
  { use, tidily }: ContractBackend,
): void {
  describe.each(rows)('eigensolver $name', ({ ends, solve, cannot, mostPairs, hasBudget }) => {
    beforeAll(use);

    describe.each(spectra.filter(({ name }) => !cannot.includes(name)))('on $name', ({ values }) => {
      const n = values.length;
      const cases = ends.flatMap((which) =>
        [...new Set([1, 2, Math.min(5, mostPairs, n)])]
          .filter((k) => (which === 'BE' ? k > 1 : k !== 2) && k <= n)
          .map((k) => ({ which, k })),
      );
      it.each(cases)('finds all of $k at $which, to the tolerance', ({ which, k }) =>
        tidily(async () => {
          const operator = operatorWithSpectrum(values);
          const result = await solve(operator, { which, k, tol });
          const norm = Math.max(...values.map(Math.abs));
          const wanted = wantedOf(values, which, k);
          expect(result.status).toBe('converged');
          expect(result.numConverged).toBe(k);
          wanted.forEach((value, i) => {
            const received = result.eigenvalues[i]!;
            // Both of a pair ±λ have a magnitude; a residual tol·|λ| bounds the error of the eigenvalue.
            const byMagnitude = which === 'LM' || which === 'near 0';
            const error = byMagnitude ? Math.abs(received) - Math.abs(value) : received - value;
            expect(Math.abs(error)).toBeLessThanOrEqual(tol * Math.abs(value) + 2e-6 * norm);
            expect(result.residualNorms[i]).toBeLessThanOrEqual(tol * Math.abs(received) + 1.2e-6 * norm);
          });
          await expectTrueResiduals(operator, result, norm);
          result.dispose();
          operator.dispose();
        }),
      );
    });

    // Arithmetic on vectors leaves numbers other than zero in the padding of WebGL's textures.
    it('takes products that are made number by number', () =>
      tidily(async () => {
        const values = Array.from({ length: 9 }, (_, i) => 5 * 0.6 ** i);
        const diagonal = tf.tensor1d(values);
        const matvec = (v: tf.Tensor1D): tf.Tensor1D => tf.tidy(() => tf.add(tf.mul(v, diagonal), v));
        const operator = { size: values.length, matvec, dispose: () => {} };
        const result = await solve(operator, { which: ends[0]!, k: 1, tol });
        expect(result.status).toBe('converged');
        const wanted = ends[0] === 'near 0' ? values.at(-1)! : values[0]!;
        expect(result.eigenvalues[0]).toBeCloseTo(1 + wanted, 4);
        await expectTrueResiduals(operator, result, 6);
        result.dispose();
        diagonal.dispose();
      }));

    it('finds the same with products that come later', () =>
      tidily(async () => {
        const operator = operatorWithSpectrum([8, -5, 3, 2, 1, 0.5, 0.2]);
        const options = { which: ends[0]!, k: 2, tol };
        const result = await solve(later(operator), options);
        const expected = await solve(operator, options);
        expect(result.status).toBe('converged');
        expectAlike(result.eigenvalues, expected.eigenvalues);
        expectAlike(await result.eigenvectors.data(), await expected.eigenvectors.data());
        for (const held of [result, expected, operator]) held.dispose();
      }));

    it.each(brokenOperators(6))(
      'names what is wrong with products that come later: %s',
      (_, operator, message) =>
        tidily(() => expect(solve(operator, { which: ends[0]!, k: 1, tol })).rejects.toThrow(message)),
    );

    it.runIf(hasBudget).each(ends)('spends what is allowed, and has true pairs then, at %s', (which) =>
      tidily(async () => {
        const values = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i / 40));
        const operator = counted(operatorWithSpectrum(values));
        for (const maxMatvecs of [3, 4, 9, 17]) {
          operator.products = 0;
          const result = await solve(operator, { which, k: 3, tol, maxMatvecs });
          expect(result.status).toBe('maxMatvecs');
          expect(result.numMatvecs).toBe(maxMatvecs);
          expect(operator.products).toBe(maxMatvecs);
          await expectTrueResiduals(operator, result, 2);
          // A residual bounds the distance to the nearest eigenvalue (Parlett 1998, §4.5).
          result.eigenvalues.forEach((received, i) => {
            const distance = Math.min(...values.map((value) => Math.abs(value - received)));
            expect(distance).toBeLessThanOrEqual(result.residualNorms[i]! + 1e-5);
          });
          result.dispose();
        }
        const below = solve(operator, { which, k: 3, tol, maxMatvecs: 2 });
        await expect(below).rejects.toThrow(/maxMatvecs >= 3, .*received 2/);
        operator.dispose();
      }),
    );

    it.runIf(hasBudget)('returns what it has when it is stopped, if that is asked for', () =>
      tidily(async () => {
        const values = Array.from({ length: 30 }, (_, i) => 1 + i / 30);
        const operator = counted(operatorWithSpectrum(values));
        const found = await stopped(3, (run) => solve(operator, { which: ends[0]!, k: 3, tol, ...run }));
        expect(found.status).toBe('aborted');
        expect(operator.products).toBe(found.numMatvecs);
        expect(found.numMatvecs).toBeLessThan(8);
        await expectTrueResiduals(operator, found, 2);
        operator.products = 0;
        const nothing = await stopped(0, (run) => solve(operator, { which: ends[0]!, k: 3, tol, ...run }));
        expect(nothing).toMatchObject({ status: 'aborted', numConverged: 0, numMatvecs: 0 });
        expect(operator.products).toBe(0);
        expect([...nothing.eigenvalues]).toEqual([NaN, NaN, NaN]);
        for (const held of [found, nothing, operator]) held.dispose();
      }),
    );

    it('stops when told, with the reason, and leaves nothing behind', () =>
      tidily(async () => {
        const operator = operatorWithSpectrum([8, 7, 6, 5, 4, 3, 2, 1]);
        await expectToStop((run) => solve(operator, { which: ends[0]!, k: 3, tol, ...run }));
        operator.dispose();
      }));
  });
}

/** What holds for every solver of linear systems: it finds the solution, says how well, and can be stopped. */
export function testLinearSolverContract(
  rows: readonly LinearSolverRow[],
  { use, tidily }: ContractBackend,
): void {
  const definite = Array.from({ length: 12 }, (_, i) => 1 + i);
  const indefinite = definite.map((x, i) => (i % 3 === 0 ? -x : x));

  describe.each(rows)('linear solver $name', ({ solve, isForIndefinite }) => {
    beforeAll(use);

    const systems = [{ name: 'definite', values: definite }];
    if (isForIndefinite) systems.push({ name: 'indefinite', values: indefinite });
    it.each(systems)('finds the solution of a system that is $name', ({ values }) =>
      tidily(async () => {
        const { operator, b, x, rightHandSide } = system(values);
        const result = await solve(operator, b, { tol: 1e-5 });
        expect(result.status).toBe('converged');
        // κ = 12: the relative error is at most κ times the relative residual.
        const error = (await result.x.data()).map((received, i) => received - x[i]!);
        expect(Math.hypot(...error) / Math.hypot(...x)).toBeLessThan(12 * 1.5e-5);
        const residual = await read(tf.tidy(() => tf.sub(b, operator.matvec(result.x))));
        const [norm, scale] = [Math.hypot(...residual), Math.hypot(...rightHandSide)];
        // Rounding of a float32 product of twelve terms.
        expect(Math.abs(result.residualNorm - norm)).toBeLessThan(3e-6 * scale);
        expect(norm).toBeLessThanOrEqual(1.5e-5 * scale);
        result.dispose();
        b.dispose();
        operator.dispose();
      }),
    );

    it('finds the same with products that come later', () =>
      tidily(async () => {
        const { operator, b } = system(definite);
        const result = await solve(later(operator), b, { tol: 1e-5 });
        const expected = await solve(operator, b, { tol: 1e-5 });
        expectAlike(await result.x.data(), await expected.x.data());
        for (const held of [result, expected, operator]) held.dispose();
        b.dispose();
      }));

    it.each(brokenOperators(12))(
      'names what is wrong with products that come later: %s',
      (_, operator, message) =>
        tidily(async () => {
          const { operator: right, b } = system(definite);
          right.dispose();
          await expect(solve(operator, b, {})).rejects.toThrow(message);
          b.dispose();
        }),
    );

    it('spends what is allowed, and has the residual of its iterate then', () =>
      tidily(async () => {
        const { operator: plain, b, rightHandSide } = system(definite);
        const operator = counted(plain);
        for (const initial of [undefined, tf.fill([definite.length], 0.5) as tf.Tensor1D]) {
          let before = Infinity;
          for (const maxMatvecs of [1, 2, 3, 4, 7]) {
            operator.products = 0;
            const result = await solve(operator, b, { tol: 1e-6, maxMatvecs, initial });
            expect(result.status).toBe('maxMatvecs');
            expect(operator.products).toBeLessThanOrEqual(maxMatvecs);
            expect(result.numMatvecs).toBe(operator.products);
            // One is kept to measure the residual, one is spent on `initial`.
            expect(result.numIterations).toBe(Math.max(0, maxMatvecs - 1 - (initial == null ? 0 : 1)));
            const residual = await read(tf.tidy(() => tf.sub(b, plain.matvec(result.x))));
            // Rounding of a float32 product of twelve terms.
            const off = Math.abs(result.residualNorm - Math.hypot(...residual));
            expect(off).toBeLessThan(3e-6 * Math.hypot(...rightHandSide) * 12);
            expect(result.residualNorm).toBeLessThanOrEqual(before * 1.5);
            before = result.residualNorm;
            result.dispose();
          }
          initial?.dispose();
        }
        await expect(solve(operator, b, { maxMatvecs: 0 })).rejects.toThrow(/maxMatvecs >= 1, .*received 0/);
        b.dispose();
        operator.dispose();
      }));

    it('returns what it has when it is stopped, if that is asked for', () =>
      tidily(async () => {
        const { operator: plain, b, rightHandSide } = system(definite);
        const operator = counted(plain);
        for (const steps of [0, 1, 3]) {
          operator.products = 0;
          const result = await stopped(steps, (run) => solve(operator, b, { tol: 1e-6, ...run }));
          expect(result).toMatchObject({ status: 'aborted', numIterations: steps });
          // One more for the residual.
          expect(operator.products).toBe(steps === 0 ? 0 : steps + 1);
          const residual = await read(tf.tidy(() => tf.sub(b, plain.matvec(result.x))));
          const norm = Math.hypot(...residual);
          // Rounding of a float32 product of twelve terms.
          expect(Math.abs(result.residualNorm - norm)).toBeLessThan(3e-6 * Math.hypot(...rightHandSide));
          result.dispose();
        }
        b.dispose();
        operator.dispose();
      }));

    it('stops when told, with the reason, and leaves nothing behind', () =>
      tidily(async () => {
        const { operator, b } = system(definite);
        await expectToStop((run) => solve(operator, b, run));
        b.dispose();
        operator.dispose();
      }));
  });
}

/** An operator with a right-hand side of which the solution is known. */
function system(values: readonly number[]): {
  operator: LinearOperator;
  b: tf.Tensor1D;
  x: number[];
  rightHandSide: number[];
} {
  const random = new SeededRandom(8);
  const x = values.map(() => random.normal());
  const rightHandSide = matrixWithSpectrum(values).map((row) =>
    row.reduce((sum, y, j) => sum + y * x[j]!, 0),
  );
  return { operator: operatorWithSpectrum(values), b: tf.tensor1d(rightHandSide), x, rightHandSide };
}

/** A run that is aborted at a sign of progress, or before it starts, and returns what it has. */
function stopped<R>(signs: number, start: (run: RunOptions) => Promise<R>): Promise<R> {
  const controller = new AbortController();
  let left = signs;
  const onProgress = (): void => {
    if (--left === 0) controller.abort();
  };
  if (signs === 0) controller.abort();
  return start({ signal: controller.signal, onProgress, onAbort: 'return' });
}

/** A run that is aborted at its first sign of progress rejects with the reason given. */
async function expectToStop(start: (run: RunOptions) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const onProgress = (): void => controller.abort(new Error('enough'));
  await expect(start({ signal: controller.signal, onProgress })).rejects.toThrow('enough');
  await expect(start({ signal: controller.signal })).rejects.toThrow('enough');
}

/** The rows are orthonormal, and their residuals are those of the result up to float32 products (1e-6 ‖A‖). */
async function expectTrueResiduals(
  operator: LinearOperator,
  { eigenvalues, eigenvectors, residualNorms }: EigenResult,
  norm: number,
): Promise<void> {
  const [k, n] = eigenvectors.shape;
  expect(n).toBe(operator.size);
  const gram = await read(tf.matMul(eigenvectors, eigenvectors, false, true));
  gram.forEach((x, i) => expect(x).toBeCloseTo(i % (k + 1) === 0 ? 1 : 0, 5));
  const residuals = await read(
    tf.tidy(() => {
      const images = tf.stack(
        tf.unstack(eigenvectors).map((row) => operator.matvec(row as tf.Tensor1D)),
      ) as tf.Tensor2D;
      return tf.norm(tf.sub(images, tf.mul(eigenvectors, tf.tensor2d([...eigenvalues], [k, 1]))), 2, 1);
    }),
  );
  residualNorms.forEach((claimed, i) => {
    expect(Math.abs(claimed - residuals[i]!)).toBeLessThanOrEqual(3e-6 * norm + 1e-30);
  });
}

/** The same products, though a vector that comes from the host may lie elsewhere on the device. */
function expectAlike(received: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(received).toHaveLength(expected.length);
  Array.from(expected).forEach((value, i) => expect(received[i]).toBeCloseTo(value, 4));
}

async function read(tensor: tf.Tensor): Promise<number[]> {
  const values = Array.from(await tensor.data());
  tensor.dispose();
  return values;
}
