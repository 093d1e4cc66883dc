import * as tf from '@tensorflow/tfjs-core';
import { Matrix, solve as leastSquares } from 'ml-matrix';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { SeededRandom } from '../../../src/random.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { minres } from '../../../src/solvers/minres.js';
import { relativeError } from '../../golden-case.js';
import { matrixWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

const n = 40;
const definite = Array.from({ length: n }, (_, i) => 1 + i ** 2 / 10);
const indefinite = definite.map((x, i) => (i % 3 === 0 ? -x : x));
const random = new SeededRandom(8);
const solution = definite.map(() => random.normal());
const methods = [
  ['solve', solve],
  ['minres', minres],
] as const;

function operatorOf(rows: number[][]): LinearOperator {
  const matrix = tf.tensor2d(rows);
  const operator = matrixOperator(matrix);
  matrix.dispose();
  return operator;
}

const times = (rows: number[][], x: number[]): number[] =>
  rows.map((row) => row.reduce((sum, value, j) => sum + value * x[j]!, 0));

const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

let tensors: number;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

it('minres takes as many steps as |A|⁻¹A has eigenvalues: two', async () => {
  const [a, inverse] = [matrixWithSpectrum(indefinite), matrixWithSpectrum(definite.map((x) => 1 / x))];
  const [operator, preconditioner] = [operatorOf(a), operatorOf(inverse)];
  const b = tf.tensor1d(times(a, solution));
  const plain = await minres(operator, b, { tol: 1e-4 });
  const result = await minres(operator, b, { tol: 1e-4, preconditioner });
  expect(result).toMatchObject({ status: 'converged', numIterations: 2 });
  expect(plain.numIterations).toBeGreaterThan(20);
  // κ = 160 times the residual asked for is the most that x may be off.
  expect(relativeError(result.x.dataSync(), solution)).toBeLessThan(160 * 1e-4);
  for (const held of [plain, result, operator, preconditioner, b]) held.dispose();
});

it('minres: √(rᵀMr) is the least of the Krylov space of MA', async () => {
  const a = matrixWithSpectrum(indefinite);
  const m = matrixWithSpectrum(
    definite.map((_, i) => 1 / (1 + ((7 * i) % 11) / 10)),
    3,
  );
  const right = times(a, solution);
  const [operator, preconditioner] = [operatorOf(a), operatorOf(m)];
  const b = tf.tensor1d(right);
  // ‖L(b - A K y)‖ with LᵀL = M over y, K the columns Mb, MAMb, …, by least squares in double precision.
  const root = new Matrix(m);
  for (const steps of [1, 3, 8]) {
    const columns = [times(m, right)];
    while (columns.length < steps) {
      const next = times(m, times(a, columns.at(-1)!));
      const length = Math.sqrt(dot(next, next));
      columns.push(next.map((x) => x / length));
    }
    const space = new Matrix(columns).transpose();
    const images = new Matrix(a).mmul(space);
    // Normal equations in the inner product of M.
    const gram = images.transpose().mmul(root).mmul(images);
    const y = leastSquares(gram, images.transpose().mmul(root).mmul(Matrix.columnVector(right)));
    const least = Matrix.columnVector(right).sub(images.mmul(y)).to1DArray();
    const result = await minres(operator, b, { maxIterations: steps, preconditioner, tol: 1e-6 });
    const x = Array.from(result.x.dataSync());
    const rest = times(a, x).map((value, i) => right[i]! - value);
    const [found, best] = [rest, least].map((r) => Math.sqrt(dot(r, times(m, r))));
    expect(result).toMatchObject({ status: 'maxIterations', numIterations: steps });
    expect(Math.abs(found! / best! - 1)).toBeLessThan(1e-4);
    expect(result.residualNorm).toBeCloseTo(Math.sqrt(dot(rest, rest)), 3);
    result.dispose();
  }
  for (const held of [operator, preconditioner, b]) held.dispose();
});

it.each([
  ['tiny', 1e-25],
  ['huge', 1e25],
])('minres does not mind a preconditioner of %s numbers, nor a system of them', async (_, size) => {
  const a = matrixWithSpectrum(indefinite.map((x) => x / size));
  const inverse = matrixWithSpectrum(definite.map((x, i) => (size * (1 + (i % 4))) / x));
  const [operator, preconditioner] = [operatorOf(a), operatorOf(inverse)];
  const b = tf.tensor1d(times(a, solution));
  const result = await minres(operator, b, { tol: 1e-4, preconditioner });
  expect(result.status).toBe('converged');
  expect(result.numIterations).toBeLessThanOrEqual(10);
  for (const held of [result, operator, preconditioner, b]) held.dispose();
});

it('minres goes on to what float32 allows where the recurrence has drifted, and from a start', async () => {
  const values = indefinite.map((x, i) => x * (i === 0 ? 1e-3 : 1));
  const a = matrixWithSpectrum(values);
  const [operator, preconditioner] = [operatorOf(a), operatorOf(matrixWithSpectrum(definite, 5))];
  const [b, initial] = [tf.tensor1d(times(a, solution)), tf.ones([n]) as tf.Tensor1D];
  const result = await minres(operator, b, { tol: 1e-5, preconditioner, initial, maxIterations: 5000 });
  expect(result.status).toBe('converged');
  const image = operator.matvec(result.x);
  const residual = tf.tidy(() => tf.norm(tf.sub(b, image)).dataSync()[0]!);
  expect(result.residualNorm).toBeCloseTo(residual, 3);
  for (const held of [result, operator, preconditioner, b, initial, image]) held.dispose();
});

it.each(methods)('%s keeps to a budget and returns what it has when it is aborted', async (_, method) => {
  const a = matrixWithSpectrum(definite);
  const [operator, preconditioner] = [operatorOf(a), operatorOf(matrixWithSpectrum(definite, 5))];
  const b = tf.tensor1d(times(a, solution));
  const spent = await method(operator, b, { tol: 1e-6, preconditioner, maxMatvecs: 6 });
  expect(spent.status).toBe('maxMatvecs');
  expect(spent.numMatvecs).toBeLessThanOrEqual(6);
  const controller = new AbortController();
  const aborted = await method(operator, b, {
    ...{ tol: 1e-6, preconditioner, signal: controller.signal, onAbort: 'return' },
    onProgress: () => controller.abort(),
  });
  expect(aborted).toMatchObject({ status: 'aborted', numIterations: 1 });
  for (const held of [spent, aborted, operator, preconditioner, b]) held.dispose();
});

it.each(methods)('%s names a preconditioner that is not positive definite', async (name, method) => {
  const a = matrixWithSpectrum(definite);
  const operator = operatorOf(a);
  const b = tf.tensor1d(times(a, solution));
  const wrong = [
    definite.map((x) => -x),
    definite.map(() => 0),
    definite.map((x, i) => (i < n / 2 ? -x : x)),
  ];
  for (const values of wrong) {
    const preconditioner = operatorOf(matrixWithSpectrum(values));
    const expected = new RegExp(
      `^${name}: expected a positive definite preconditioner M, rᵀMr > 0, received one`,
    );
    await expect(method(operator, b, { preconditioner })).rejects.toThrow(expected);
    preconditioner.dispose();
  }
  const small = operatorOf([[1]]);
  const expected = `${name}: expected a preconditioner of size ${n}`;
  await expect(method(operator, b, { preconditioner: small })).rejects.toThrow(expected);
  const broken = { size: n, matvec: () => tf.fill([n], NaN), dispose: () => {} } as LinearOperator;
  const nothing = await method(operator, b, { preconditioner: broken });
  expect(nothing.status).toBe('nonFinite');
  for (const held of [nothing, small, operator, b]) held.dispose();
});

it('minres keeps no basis with a preconditioner, and refuses to be told its size', async () => {
  const operator = operatorOf([[2]]);
  const b = tf.tensor1d([4]);
  const both = minres(operator, b, { preconditioner: operator, krylovDim: 3 });
  await expect(both).rejects.toThrow('minres: expected no krylovDim with a preconditioner');
  const result = await minres(operator, b, { preconditioner: operator });
  expect(result).toMatchObject({ status: 'converged', numIterations: 1 });
  expect(result.x.dataSync()[0]).toBeCloseTo(2, 6);
  for (const held of [result, operator, b]) held.dispose();
});

it('minres takes what rounding does to its vectors for no asymmetry', async () => {
  const random = new SeededRandom(3);
  for (let seed = 1; seed <= 40; seed++) {
    const size = 8;
    // Of both signs and many magnitudes, and a preconditioner that has nothing to do with them.
    const values = Array.from({ length: size }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (-5 * random.uniform()));
    const [operator, preconditioner] = [
      operatorOf(matrixWithSpectrum(values, seed)),
      operatorOf(
        matrixWithSpectrum(
          values.map(() => 10 ** random.normal()),
          seed + 100,
        ),
      ),
    ];
    const b: tf.Tensor1D = tf.randomNormal([size], 0, 1, 'float32', seed);
    const { residualNorm, dispose } = await minres(operator, b, { tol: 1e-6, preconditioner });
    const [length] = tf.tidy(() => tf.norm(b).dataSync());
    expect(residualNorm).toBeLessThanOrEqual(length! * (1 + 1e-6));
    dispose();
    for (const held of [operator, preconditioner, b]) held.dispose();
  }
});
