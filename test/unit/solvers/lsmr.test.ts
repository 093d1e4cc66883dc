import * as tf from '@tensorflow/tfjs-core';
import { Matrix, pseudoInverse } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { JacobianOperator } from '../../../src/operators/jacobian-operator.js';
import type { RectangularOperator } from '../../../src/operators/rectangular-operator.js';
import { SeededRandom } from '../../../src/random.js';
import type { LeastSquaresResult, LsmrOptions, LsmrProgress } from '../../../src/solvers/lsmr.js';
import { lsmr } from '../../../src/solvers/lsmr.js';
import { variableOf } from '../../closed-form.js';
import { ownedByTest } from '../../owned.js';
import {
  matrixWithSingularValues,
  rectangularOperator,
  timesVector,
  transposed,
} from '../../rectangular-matrix.js';

type Rows = readonly (readonly number[])[];

const draw = (length: number, seed: number): number[] => {
  const random = new SeededRandom(seed);
  return Array.from({ length }, () => random.normal());
};

/** (AᵀA + λ²I)⁺Aᵀb in double precision: the shortest solution. */
function truth(matrix: Rows, b: readonly number[], damping: number): number[] {
  const n = matrix[0]!.length;
  const rows = matrix.map((row) => [...row]);
  const right = [...b];
  if (damping > 0) {
    for (let i = 0; i < n; i++) {
      rows.push(Array.from({ length: n }, (_, j) => (i === j ? damping : 0)));
      right.push(0);
    }
  }
  return pseudoInverse(new Matrix(rows)).mmul(Matrix.columnVector(right)).to1DArray();
}

/** The two residuals of an x in double precision. */
function residuals(
  matrix: Rows,
  b: readonly number[],
  x: ArrayLike<number>,
  damping: number,
): [number, number] {
  const rest = timesVector(matrix, x).map((value, i) => b[i]! - value);
  const normal = timesVector(transposed(matrix), rest).map((value, j) => value - damping ** 2 * x[j]!);
  return [Math.hypot(...rest), Math.hypot(...normal)];
}

const ten = Array.from({ length: 20 }, (_, i) => 10 - i * 0.45);

/** Name, m, n and singular values. */
const problems: [name: string, m: number, n: number, values: readonly number[]][] = [
  ['tall', 40, 20, ten],
  ['wide', 20, 40, ten],
  ['square', 20, 20, ten],
  ['of rank 3, tall', 30, 12, [5, 3, 1]],
  ['of rank 3, wide', 12, 30, [5, 3, 1]],
  ['a row', 1, 6, [2]],
  ['a column', 6, 1, [2]],
  ['with columns of one length', 15, 10, new Array<number>(10).fill(3)],
];

describe.each(['cpu', 'wasm'] as const)('lsmr on %s', (backend) => {
  ownedByTest(backend);

  describe.each(problems)('of a matrix that is %s', (_, m, n, values) => {
    it.each([0, 0.5, 20])('finds the solution for λ = %f', async (damping) => {
      const matrix = matrixWithSingularValues(m, n, values);
      const b = draw(m, 7);
      const operator = rectangularOperator(matrix);
      const right = tf.tensor1d(b);
      const run = lsmr(operator, right, { damping, tol: 1e-5 });
      right.dispose();
      const result = await run;
      expect(result.status).toBe('converged');
      expect(result.numMatvecs).toBe(operator.products);
      const x = await result.x.data();
      const expected = truth(matrix, b, damping);
      const error = Math.hypot(...expected.map((value, j) => value - x[j]!));
      // A residual of 1e-5 ‖Aᵀb‖ by the least of σ² + λ², and what float32 products leave of one.
      const [most, least] = [values[0]!, values.at(-1)!];
      const bound = (1e-5 * most + 2e-6 * most) / (least ** 2 + damping ** 2);
      expect(error).toBeLessThan(bound * Math.hypot(...b));
      expectTrueResiduals(matrix, b, result, damping);
      result.dispose();
      result.dispose();
      operator.dispose();
    });
  });
});

describe('lsmr', () => {
  const own = ownedByTest();
  const solved = async (
    operator: RectangularOperator,
    b: readonly number[],
    options: LsmrOptions & { signal?: AbortSignal } = {},
  ): Promise<LeastSquaresResult> => own(await lsmr(operator, own(tf.tensor1d([...b])), options));

  it('takes one step for each distinct singular value', async () => {
    const matrix = matrixWithSingularValues(30, 20, [5, 5, 5, 5, 2, 2, 2, 1]);
    const { numIterations, numMatvecs } = await solved(own(rectangularOperator(matrix)), draw(30, 1));
    expect(numIterations).toBe(3);
    // One for Aᵀb, two for each step, two for the residual.
    expect(numMatvecs).toBe(9);
  });

  it.each([1e2, 1e3, 1e4])('reaches a residual of 1e-4 at condition number %d', async (condition) => {
    const values = Array.from({ length: 60 }, (_, i) => condition ** (-i / 59));
    const matrix = matrixWithSingularValues(90, 60, values);
    const b = draw(90, 2);
    const result = await solved(own(rectangularOperator(matrix)), b);
    expect(result.status).toBe('converged');
    expectTrueResiduals(matrix, b, result, 0);
  });

  it.each([5, 10])('starts again where it may keep %i vectors alone', async (krylovDim) => {
    const matrix = matrixWithSingularValues(40, 20, ten);
    const b = draw(40, 2);
    const result = await solved(own(rectangularOperator(matrix)), b, { krylovDim, damping: 2 });
    expect(result.status).toBe('converged');
    expect(result.numIterations).toBeGreaterThan(krylovDim);
    expectTrueResiduals(matrix, b, result, 2);
  });

  it.each([
    [1e-30, 1],
    [1e30, 1],
    [1, 1e-30],
    [1, 1e30],
    [1e-15, 1e-15],
  ])('takes numbers of any size: A times %f, b times %f', async (factor, size) => {
    const matrix = matrixWithSingularValues(40, 20, ten);
    const b = draw(40, 2);
    const operator = own(rectangularOperator(matrix.map((row) => row.map((x) => factor * x))));
    const { x, status } = await solved(
      operator,
      b.map((value) => size * value),
      { tol: 1e-5 },
    );
    expect(status).toBe('converged');
    const expected = truth(matrix, b, 0);
    x.dataSync().forEach((value, j) => expect((value / size) * factor).toBeCloseTo(expected[j]!, 3));
  });

  it('is the step of Gauss and Newton: one leads to the minimum of a linear model, where the residual is not zero', async () => {
    const inputs = [1, 2, 3, 4];
    const targets = [2, 3, 5, 4];
    const [slope, start] = [own(variableOf(0.25)), own(variableOf(-1))];
    const xs = own(tf.tensor1d(inputs));
    const outputs = (): tf.Tensor => tf.add(tf.mul(xs, slope), start);
    const jacobian = own(new JacobianOperator(outputs, [slope, start]));
    const rest = targets.map((y, i) => y - (0.25 * inputs[i]! - 1));
    const { x, residualNorm } = await solved(jacobian, rest, { tol: 1e-6 });
    // The line of least squares through the points is 0.8 x + 1.5, and misses them by -0.3, -0.1, 1.1, -0.7.
    const [dSlope, dStart] = x.dataSync();
    expect(0.25 + dSlope!).toBeCloseTo(0.8, 4);
    expect(-1 + dStart!).toBeCloseTo(1.5, 4);
    expect(residualNorm).toBeCloseTo(Math.hypot(0.3, 0.1, 1.1, 0.7), 4);
  });

  it('has nothing to do for b = 0, b across the range, and A = 0', async () => {
    const matrix = matrixWithSingularValues(30, 4, [4, 3, 2, 1]);
    const operator = own(rectangularOperator(matrix));
    const zero = await solved(operator, new Array<number>(30).fill(0));
    expect(zero).toMatchObject({
      status: 'converged',
      residualNorm: 0,
      normalResidualNorm: 0,
      numIterations: 0,
    });
    const b = draw(30, 5);
    const along = timesVector(matrix, truth(matrix, b, 0));
    const across = await solved(
      operator,
      b.map((value, i) => value - along[i]!),
    );
    expect(across.status).toBe('converged');
    expect(Math.max(...across.x.dataSync().map(Math.abs))).toBeLessThan(1e-5);
    const nothing = own(
      rectangularOperator([
        [0, 0],
        [0, 0],
        [0, 0],
      ]),
    );
    const stuck = await solved(nothing, [1, 2, 2], { damping: 1 });
    expect(stuck).toMatchObject({ status: 'converged', residualNorm: 3 });
    expect([...stuck.x.dataSync()]).toEqual([0, 0]);
  });

  it.each([
    [1e-25, 1],
    [1e-18, 3],
    [1e-10, 1e9],
    [1, 1e15],
    [1e20, 1e25],
    [1, 1e5],
  ])('takes a damping far above A: %d and λ = %d', async (size, damping) => {
    const values = [1, 2, 3].map((x) => x * size);
    const operator = own(rectangularOperator(values.map((a, i) => [0, 1, 2].map((j) => (i === j ? a : 0)))));
    const { x, status, residualNorm } = await solved(operator, [1, 1, 1], { damping, tol: 1e-5 });
    expect(status).toBe('converged');
    // (a² + λ²)x = a, where a² is nothing beside λ².
    values.forEach((a, i) => expect(Math.abs((x.dataSync()[i]! / a) * damping ** 2 - 1)).toBeLessThan(1e-5));
    expect(residualNorm).toBeCloseTo(Math.sqrt(3), 5);
  });

  it('spends what is allowed, and has the residuals of its iterate then', async () => {
    const matrix = matrixWithSingularValues(40, 20, ten);
    const b = draw(40, 2);
    const operator = own(rectangularOperator(matrix));
    let last = Infinity;
    for (const maxMatvecs of [1, 4, 5, 6, 9, 13]) {
      operator.products = 0;
      const result = await solved(operator, b, { tol: 1e-7, maxMatvecs });
      expect(result.status).toBe('maxMatvecs');
      expect(operator.products).toBeLessThanOrEqual(maxMatvecs);
      expect(result.numMatvecs).toBe(operator.products);
      expect(result.numIterations).toBe(Math.max(0, Math.floor((maxMatvecs - 3) / 2)));
      expectTrueResiduals(matrix, b, result, 0);
      expect(result.normalResidualNorm).toBeLessThanOrEqual(last * 1.0001);
      last = result.normalResidualNorm;
    }
    await expect(solved(operator, b, { maxMatvecs: 0 })).rejects.toThrow(
      /^lsmr: .*maxMatvecs >= 1.*received 0/,
    );
    const { status, numIterations } = await solved(operator, b, { tol: 1e-7, maxIterations: 3 });
    expect([status, numIterations]).toEqual(['maxIterations', 3]);
  });

  it('ends as stagnated where float32 products allow no less', async () => {
    const values = Array.from({ length: 30 }, (_, i) => 1e6 ** (-i / 29));
    const matrix = matrixWithSingularValues(30, 30, values);
    const b = timesVector(matrix, draw(30, 3));
    const result = await solved(own(rectangularOperator(matrix)), b, { tol: 1e-12 });
    expect(['stagnated', 'converged']).toContain(result.status);
    expectTrueResiduals(matrix, b, result, 0);
  });

  it('tells how far it is, and stops when told, with the reason or what it has', async () => {
    const matrix = matrixWithSingularValues(40, 20, ten);
    const b = draw(40, 2);
    const operator = own(rectangularOperator(matrix));
    const told: LsmrProgress[] = [];
    const result = await solved(operator, b, { onProgress: (progress) => told.push(progress) });
    expect(told).toHaveLength(result.numIterations);
    expect(
      told.every(
        ({ normalResidualNorm }, i) => i === 0 || normalResidualNorm <= told[i - 1]!.normalResidualNorm,
      ),
    ).toBe(true);
    expect(told.at(-1)!.normalResidualNorm / result.normalResidualNorm).toBeCloseTo(1, 1);
    const stopped = (onAbort: 'reject' | 'return'): Promise<LeastSquaresResult> => {
      const controller = new AbortController();
      const onProgress = (): void => controller.abort(new Error('enough'));
      return solved(operator, b, { onProgress, onAbort, signal: controller.signal });
    };
    await expect(stopped('reject')).rejects.toThrow('enough');
    const early = await stopped('return');
    expect(early).toMatchObject({ status: 'aborted', numIterations: 1 });
    expectTrueResiduals(matrix, b, early, 0);
    const signal = AbortSignal.abort(new Error('before'));
    await expect(solved(operator, b, { signal })).rejects.toThrow('before');
    const nothing = await solved(operator, b, { signal, onAbort: 'return' });
    expect(nothing).toMatchObject({ status: 'aborted', numIterations: 0 });
    expectTrueResiduals(matrix, b, nothing, 0);
  });

  it.each([1, 2, 3, 6, 7])('keeps what it has where product %i is not finite', async (at) => {
    const matrix = matrixWithSingularValues(40, 20, ten);
    const b = draw(40, 2);
    const inner = own(rectangularOperator(matrix));
    const disturb = (product: tf.Tensor1D): tf.Tensor1D => {
      if (inner.products !== at) return product;
      const broken = tf.mul<tf.Tensor1D>(product, NaN);
      product.dispose();
      return broken;
    };
    const operator: RectangularOperator = {
      shape: inner.shape,
      matvec: (v) => disturb(inner.matvec(v)),
      rmatvec: (u) => disturb(inner.rmatvec(u)),
      dispose: () => {},
    };
    const result = await solved(operator, b, {});
    expect(result.status).toBe('nonFinite');
    expect([...result.x.dataSync()].every(Number.isFinite)).toBe(true);
    if (at > 1) expectTrueResiduals(matrix, b, result, 0);
  });

  it('does not take an infinite first product for a goal', async () => {
    const result = await solved(
      {
        shape: [3, 2],
        matvec: () => tf.tensor1d([1, 1, 1]),
        rmatvec: () => tf.tensor1d([Infinity, 1]),
        dispose: () => {},
      },
      [1, 2, 3],
      {},
    );
    expect(result.status).toBe('nonFinite');
    expect([...result.x.dataSync()]).toEqual([0, 0]);
  });

  it('names what is wrong with its arguments, and leaves nothing behind', async () => {
    const operator = own(rectangularOperator(matrixWithSingularValues(6, 4, [4, 3, 2, 1])));
    const b = draw(6, 1);
    const cases: [RectangularOperator | null, number[], LsmrOptions, RegExp][] = [
      [null, b, {}, /^lsmr: expected a rectangular operator \{shape, matvec, rmatvec\}, received null/],
      [operator, b.slice(1), {}, /^lsmr: expected a float32 vector of shape \[6\]/],
      [operator, [...b.slice(1), NaN], {}, /^lsmr: expected a finite right-hand side/],
      [operator, b, { damping: -1 }, /damping >= 0, received -1/],
      [operator, b, { tol: 0 }, /tol > 0/],
      [operator, b, { krylovDim: 1 }, /krylovDim >= 2/],
      [operator, b, { maxIterations: 0 }, /maxIterations >= 1/],
      [
        { ...operator, shape: [6, 5] },
        b,
        {},
        /^RectangularOperator.rmatvec: expected a float32 vector of shape \[5\]/,
      ],
    ];
    for (const [given, right, options, message] of cases) {
      const run = solved(given as RectangularOperator, right, options);
      await expect(run).rejects.toThrow(message);
      await expect(run).rejects.toBeInstanceOf(CurvatureArgumentError);
    }
    const thrown = new Error('product');
    const failing = {
      ...operator,
      matvec: (): never => {
        throw thrown;
      },
    };
    await expect(solved(failing, b)).rejects.toBe(thrown);
  });
});

/** The residuals of a result are those of its x, in double precision, to what float32 products leave. */
function expectTrueResiduals(
  matrix: Rows,
  b: readonly number[],
  { x, residualNorm, normalResidualNorm }: LeastSquaresResult,
  damping: number,
): void {
  const values = x.dataSync();
  const [rest, normal] = residuals(matrix, b, values, damping);
  const norm = Math.sqrt(matrix.flat().reduce((sum, a) => sum + a * a, 0));
  const length = Math.hypot(...b) + (norm + damping) * Math.hypot(...values);
  expect(Math.abs(residualNorm - rest)).toBeLessThan(1e-6 * length);
  expect(Math.abs(normalResidualNorm - normal)).toBeLessThan(1e-6 * (norm + damping) * length);
}
