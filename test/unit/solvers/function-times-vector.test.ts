import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { SeededRandom } from '../../../src/random.js';
import { functionTimesVector } from '../../../src/solvers/function-times-vector.js';
import type { SpectralFunction } from '../../../src/solvers/spectral-function.js';
import { matrixWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

const n = 60;

interface Problem {
  readonly operator: LinearOperator;
  readonly v: tf.Tensor1D;
  /** f(A)v for the matrix as float32 has it, in double precision. */
  readonly truth: (f: (lambda: number) => number) => number[];
  dispose(): void;
}

function problem(values: number[], size = 1): Problem {
  const rows = matrixWithSpectrum(values).map((row) => row.map(Math.fround));
  const random = new SeededRandom(4);
  const numbers = values.map(() => Math.fround(size * random.normal()));
  const matrix = tf.tensor2d(rows);
  const operator = matrixOperator(matrix);
  const v = tf.tensor1d(numbers);
  matrix.dispose();
  const { eigenvectorMatrix: u, realEigenvalues } = new EigenvalueDecomposition(new Matrix(rows), {
    assumeSymmetric: true,
  });
  return {
    operator,
    v,
    truth: (f) => {
      const along = u.transpose().mmul(Matrix.columnVector(numbers)).to1DArray();
      return u.mmul(Matrix.columnVector(along.map((x, i) => x * f(realEigenvalues[i]!)))).to1DArray();
    },
    dispose: () => {
      operator.dispose();
      v.dispose();
    },
  };
}

const distance = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.hypot(...b.map((x, i) => x - a[i]!));

const spectra: [string, (i: number) => number][] = [
  ['flat', (i) => 1 + 0.5 * Math.sin(i)],
  ['1/i', (i) => 1 / (1 + i)],
  ['three decades', (i) => 10 ** ((-3 * i) / (n - 1))],
  ['outliers', (i) => (i < 6 ? 10 - i : 0.3 + 0.1 * Math.sin(i))],
  ['linear', (i) => (20 * (i + 1)) / n],
];

const functions: [string, SpectralFunction, (lambda: number) => number][] = [
  ['exp', 'exp', Math.exp],
  ['log', 'log', Math.log],
  ['inverseSquareRoot', 'inverseSquareRoot', (x) => 1 / Math.sqrt(x)],
  ['e^(-10λ)', (x) => Math.exp(-10 * x), (x) => Math.exp(-10 * x)],
];

let tensors: number;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

describe.each(spectra)('on the spectrum %s', (_, spectrum) => {
  it.each(functions)('%s: what it claims holds, whatever the tolerance', async (_, f, exact) => {
    const { operator, v, truth, dispose } = problem(Array.from({ length: n }, (_, i) => spectrum(i)));
    const expected = truth(exact);
    const size = Math.hypot(...expected);
    for (const tol of [1e-2, 1e-4]) {
      const { product, errorEstimate, status, ...result } = await functionTimesVector(operator, f, v, {
        tol,
      });
      const error = distance(product.dataSync(), expected);
      expect(status).toBe('converged');
      expect(errorEstimate).toBeLessThanOrEqual(tol * size * (1 + tol));
      expect(error).toBeLessThanOrEqual(errorEstimate);
      result.dispose();
    }
    dispose();
  });
});

it('is exact with as many products as there are eigenvalues, to what rounding does to f', async () => {
  const { operator, v, truth, dispose } = problem(Array.from({ length: n }, (_, i) => 1 + (i % 4)));
  const result = await functionTimesVector(operator, 'inverseSquareRoot', v, { tol: 1e-6 });
  expect(result).toMatchObject({ status: 'converged', numMatvecs: 4 });
  const expected = truth((x) => 1 / Math.sqrt(x));
  expect(distance(result.product.dataSync(), expected)).toBeLessThan(2e-6 * Math.hypot(...expected));
  result.dispose();
  dispose();
});

it('of polynomials takes as many products as their degree has ones, and of I is v', async () => {
  const { operator, v, truth, dispose } = problem(Array.from({ length: n }, (_, i) => i / n));
  const identity = await functionTimesVector(operator, () => 1, v);
  expect(
    distance(
      identity.product.dataSync(),
      truth(() => 1),
    ),
  ).toBeLessThan(1e-5);
  const cube = await functionTimesVector(operator, (x) => x ** 3, v, { krylovDim: 4, tol: 1e-9 });
  const expected = truth((x) => x ** 3);
  expect(cube).toMatchObject({ status: 'maxIterations', numMatvecs: 4 });
  expect(distance(cube.product.dataSync(), expected)).toBeLessThan(1e-5 * Math.hypot(...expected));
  for (const held of [identity, cube]) held.dispose();
  dispose();
});

it.each([1e-30, 1e30])('does not mind a vector of the size %d', async (size) => {
  const { operator, v, truth, dispose } = problem([0.5, 1, 2], size);
  const { product, errorEstimate, ...result } = await functionTimesVector(operator, 'log', v);
  const expected = truth(Math.log);
  expect(distance(product.dataSync(), expected)).toBeLessThan(1e-5 * Math.hypot(...expected));
  expect(errorEstimate).toBeLessThan(1e-4 * Math.hypot(...expected));
  result.dispose();
  dispose();
});

it('damps, takes n = 1, krylovDim = 1 and the zero vector', async () => {
  const { operator, v, truth, dispose } = problem([-1, 2, 5]);
  const damped = await functionTimesVector(operator, 'log', v, { damping: 2 });
  expect(damped.status).toBe('converged');
  expect(
    distance(
      damped.product.dataSync(),
      truth((x) => Math.log(x + 2)),
    ),
  ).toBeLessThan(1e-5);
  const short = await functionTimesVector(operator, 'exp', v, { krylovDim: 1 });
  expect(short).toMatchObject({ status: 'maxIterations', numMatvecs: 1, errorEstimate: Infinity });
  const zero = tf.zeros([3]) as tf.Tensor1D;
  const nothing = await functionTimesVector(operator, 'log', zero);
  expect(nothing).toMatchObject({ status: 'converged', numMatvecs: 0, errorEstimate: 0 });
  expect(Array.from(nothing.product.dataSync())).toEqual([0, 0, 0]);
  const one = problem([3]);
  const number = await functionTimesVector(one.operator, 'exp', one.v);
  expect(number.product.dataSync()[0]).toBeCloseTo(one.truth(Math.exp)[0]!, 4);
  for (const held of [damped, short, nothing, number]) held.dispose();
  zero.dispose();
  one.dispose();
  dispose();
});

it.each([
  ['log', 'log', [-1, 1, 2]],
  ['inverseSquareRoot of a singular matrix', 'inverseSquareRoot', [0, 0, 0]],
  ['one of your own', (x: number) => (x > 1.5 ? NaN : x), [0.5, 1, 2]],
] as [string, SpectralFunction, number[]][])('says where f is undefined: %s', async (_, f, values) => {
  const { operator, v, dispose } = problem(values);
  const result = await functionTimesVector(operator, f, v);
  expect(result).toMatchObject({ status: 'outsideDomain', errorEstimate: NaN });
  expect(result.product.dataSync().every(Number.isNaN)).toBe(true);
  result.dispose();
  dispose();
});

it('names what is wrong, says what is not finite, and stops', async () => {
  const { operator, v, dispose } = problem([1, 2, 3]);
  await expect(functionTimesVector(operator, 'sqrt' as never, v)).rejects.toThrow(
    `functionTimesVector: expected 'exp', 'log', 'inverseSquareRoot' or a function of an eigenvalue, received "sqrt"`,
  );
  const wide = tf.ones([4]) as tf.Tensor1D;
  await expect(functionTimesVector(operator, 'exp', wide)).rejects.toThrow(
    /^functionTimesVector.*shape \[3\]/,
  );
  const bad = tf.tensor1d([1, NaN, 2]);
  await expect(functionTimesVector(operator, 'exp', bad)).rejects.toThrow('expected a finite vector');
  const fails = (): number => {
    throw new Error('no more');
  };
  await expect(functionTimesVector(operator, fails, v)).rejects.toThrow('no more');
  const broken = { size: 3, matvec: () => tf.fill([3], NaN), dispose: () => {} } as LinearOperator;
  const wrong = await functionTimesVector(broken, 'exp', v);
  expect(wrong).toMatchObject({ status: 'nonFinite', numMatvecs: 1 });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(functionTimesVector(operator, 'exp', v, { signal })).rejects.toThrow('enough');
  wrong.dispose();
  tf.dispose([wide, bad]);
  dispose();
});
