import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { diagonal } from '../../../src/estimators/diagonal.js';
import { spectralDensity } from '../../../src/estimators/spectral-density.js';
import { traceOfFunction } from '../../../src/estimators/trace-of-function.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { functionTimesVector } from '../../../src/solvers/function-times-vector.js';
import { useBackend } from '../../wasm-backend.js';

beforeEach(() => useBackend('cpu'));

const n = 4;

/** diag(1 … n), whose products from one number on to another are NaN. */
function failing(from: number, to: number): { operator: LinearOperator; calls: () => number } {
  let calls = 0;
  const matvec = (v: tf.Tensor1D): tf.Tensor1D => {
    const isBroken = calls >= from && calls < to;
    calls++;
    return tf.tidy(() => tf.mul(v, isBroken ? tf.fill([n], NaN) : tf.range(1, n + 1)) as tf.Tensor1D);
  };
  return { operator: { size: n, matvec, dispose: () => {} }, calls: () => calls };
}

const runs: [string, (operator: LinearOperator) => Promise<number>][] = [
  [
    'functionTimesVector',
    async (operator) => {
      const v = tf.ones([n]) as tf.Tensor1D;
      const result = await functionTimesVector(operator, 'exp', v);
      result.dispose();
      v.dispose();
      return result.numMatvecs;
    },
  ],
  ['traceOfFunction', async (operator) => (await traceOfFunction(operator, 'exp')).numMatvecs],
  ['spectralDensity', async (operator) => (await spectralDensity(operator)).numMatvecs],
];

describe.each(runs)('%s counts every product', (_, numMatvecsOf) => {
  it.each([
    ['of which none is finite', 0, Infinity],
    ['of which one is taken again', 2, 3],
    ['of which none is finite later on', 2, Infinity],
  ])('%s', async (_, from, to) => {
    const { operator, calls } = failing(from, to);
    expect(await numMatvecsOf(operator)).toBe(calls());
  });
});

it('the diagonal of zeros has no error', async () => {
  const matrix = tf.zeros([n, n]) as tf.Tensor2D;
  const operator = matrixOperator(matrix);
  const result = await diagonal(operator);
  expect(result).toMatchObject({ status: 'converged', relativeError: 0 });
  result.dispose();
  operator.dispose();
  matrix.dispose();
});
