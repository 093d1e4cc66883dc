import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { traceOfFunction } from '../../../src/estimators/trace-of-function.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { materialize } from '../../../src/operators/materialize.js';
import { operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

let tensors: number;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);

it('two standard errors cover the log-determinant in nine of ten runs at least', async () => {
  const values = Array.from({ length: 30 }, (_, i) => 1 / (1 + i));
  const operator = operatorWithSpectrum(values);
  const damping = 0.01;
  const truth = sum(values.map((x) => Math.log(x + damping)));
  const runs = 30;
  let [covered, real, claimed] = [0, 0, 0];
  for (let seed = 0; seed < runs; seed++) {
    const { value, standardError } = await traceOfFunction(operator, 'log', {
      ...{ damping, seed, tol: 1e-9, maxMatvecs: 120 },
    });
    if (Math.abs(value - truth) <= 2 * standardError) covered++;
    real += (value - truth) ** 2;
    claimed += standardError ** 2;
  }
  // 95 % of 30 are 28.5; 27 of them are a standard deviation and a quarter less.
  expect(covered).toBeGreaterThanOrEqual(27);
  // No empty claim either: the error is of the size that is said.
  expect(Math.sqrt(claimed / real)).toBeLessThan(2.5);
  operator.dispose();
});

it('log det(H + δI) of a small net is that of its dense Hessian', async () => {
  const model = sequential({
    layers: [
      layers.dense({ units: 6, inputShape: [4], activation: 'tanh', kernelInitializer: 'ones' }),
      layers.dense({ units: 2, kernelInitializer: 'ones' }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const xs = tf.randomNormal([30, 4], 0, 1, 'float32', 1);
  const ys = tf.randomNormal([30, 2], 0, 1, 'float32', 2);
  const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
  const dense = await materialize(hessian);
  const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(dense.arraySync()), {
    assumeSymmetric: true,
  });
  const damping = 0.1 - Math.min(...realEigenvalues);
  const truth = sum(realEigenvalues.map((x) => Math.log(x + damping)));
  const { value, standardError, status } = await traceOfFunction(hessian, 'log', { damping, tol: 0.02 });
  expect(status).toBe('converged');
  expect(standardError).toBeLessThanOrEqual(0.02 * Math.abs(value));
  expect(Math.abs(value - truth)).toBeLessThan(3 * standardError);
  const undamped = await traceOfFunction(hessian, 'log');
  expect(undamped).toMatchObject({ status: 'outsideDomain', value: NaN });
  hessian.dispose();
  model.dispose();
  tf.dispose([xs, ys, dense]);
});

it('claims little where an eigenvalue is within rounding of the edge of the domain of f', async () => {
  // Rounding of the products is 1e-7 of the largest eigenvalue, the least is 1e-12 of it.
  const values = tf.tensor1d(Array.from({ length: 25 }, (_, i) => 10 ** (-i / 2)));
  const operator: LinearOperator = { size: 25, matvec: (v) => tf.mul(v, values), dispose: () => {} };
  for (let seed = 0; seed < 3; seed++) {
    const run = await traceOfFunction(operator, 'log', { seed, maxMatvecs: 400 });
    expect(run.status).not.toBe('converged');
    // The sum of log 10^(-i/2).
    expect(Math.abs(run.value + 150 * Math.LN10)).toBeLessThan(run.standardError);
  }
  values.dispose();
});

it('is exact where signs make no error: a multiple of the identity', async () => {
  const operator: LinearOperator = { size: 5, matvec: (v) => tf.mul(v, 2), dispose: () => {} };
  const { value, standardError, status, numMatvecs } = await traceOfFunction(operator, 'log');
  expect(value).toBeCloseTo(5 * Math.log(2), 5);
  expect(standardError).toBeLessThan(1e-5);
  // A product for each of the 24 probes that are drawn where all come to the same.
  expect({ status, numMatvecs }).toEqual({ status: 'converged', numMatvecs: 24 });
});

it('counts what the quadrature leaves, keeps to its budget and repeats', async () => {
  const operator = operatorWithSpectrum(Array.from({ length: 60 }, (_, i) => 10 ** (-i / 20)));
  const truth = sum(Array.from({ length: 60 }, (_, i) => -0.5 * Math.log(10) * (-i / 20)).map(Math.exp));
  // Six products a probe are far from enough.
  const options = { krylovDim: 6, maxMatvecs: 400, tol: 1e-9, seed: 3 };
  const { value, standardError, numMatvecs, status } = await traceOfFunction(
    operator,
    'inverseSquareRoot',
    options,
  );
  expect(status).toBe('maxIterations');
  expect(numMatvecs).toBeLessThanOrEqual(400);
  expect(Math.abs(value - truth)).toBeLessThan(2 * standardError);
  const again = await traceOfFunction(operator, 'inverseSquareRoot', options);
  expect(again).toEqual({ value, standardError, numMatvecs, status });
  operator.dispose();
});

it.each([1, 4])(
  'spends its budget on probes of %d products, whose own error is not known',
  async (krylovDim) => {
    const values = tf.tensor1d(Array.from({ length: 60 }, (_, i) => 1 + i / 59));
    const operator: LinearOperator = { size: 60, matvec: (v) => tf.mul(v, values), dispose: () => {} };
    const run = await traceOfFunction(operator, 'log', { krylovDim, maxMatvecs: 200 });
    expect(run).toMatchObject({ status: 'maxIterations', standardError: Infinity, numMatvecs: 200 });
    values.dispose();
  },
);

it('goes on after a probe that has not settled', async () => {
  // Three large eigenvalues and a crowd near 0: |λ| has its kink there, and the iterates do not settle evenly.
  const values = Array.from({ length: 60 }, (_, i) => (i < 3 ? 10 * (i + 1) : 1e-3 * (i + 1)));
  const operator = operatorWithSpectrum(values);
  for (const seed of [0, 1]) {
    const run = await traceOfFunction(operator, Math.abs, { krylovDim: 9, maxMatvecs: 200, tol: 1e-9, seed });
    expect(run.status).toBe('maxIterations');
    // No probe takes more than nine.
    expect(run.numMatvecs).toBeGreaterThan(200 - 9);
    expect(Math.abs(run.value - sum(values))).toBeLessThan(2 * run.standardError);
    expect(run.standardError).toBeLessThan(sum(values));
  }
  operator.dispose();
});

it('says what is not finite, names what is wrong, and stops', async () => {
  const broken = { size: 3, matvec: () => tf.fill([3], NaN), dispose: () => {} } as LinearOperator;
  expect(await traceOfFunction(broken, 'exp')).toMatchObject({ status: 'nonFinite', value: NaN });
  await expect(traceOfFunction(broken, 'sin' as never)).rejects.toThrow(
    /^traceOfFunction: expected 'exp', 'log'/,
  );
  await expect(traceOfFunction(broken, 'exp', { krylovDim: 0 })).rejects.toThrow(
    /^traceOfFunction.*krylovDim/,
  );
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(traceOfFunction(broken, 'exp', { signal })).rejects.toThrow('enough');
});
