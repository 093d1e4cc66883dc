import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RectangularOperator } from '../../../src/operators/rectangular-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { functionTimesVector } from '../../../src/solvers/function-times-vector.js';
import { lsmr } from '../../../src/solvers/lsmr.js';
import { minres } from '../../../src/solvers/minres.js';
import { useBackend } from '../../wasm-backend.js';

// (a, b, x) of a x = b: the last two x are beyond float32 on either side, that before them is not, though b/a comes of it.
const inside = [1e-20, 1e18, 1e38] as const;
const outside = [
  [1e-10, 1e30],
  [1e20, 1e-30],
] as const;

const diagonal = (a: number): tf.Tensor2D => tf.tidy(() => tf.mul(tf.eye(3), a));

/** The same as a map from R³ to R³. */
function rectangular(a: number): RectangularOperator {
  const times = (v: Tensor1D): Tensor1D => tf.mul(v, a);
  return { shape: [3, 3], matvec: times, rmatvec: times, dispose: () => {} };
}

const methods = {
  solve: (a: number, b: Tensor1D) => solve(matrixOperator(diagonal(a)), b),
  minres: (a: number, b: Tensor1D) => minres(matrixOperator(diagonal(a)), b),
  lsmr: (a: number, b: Tensor1D) => lsmr(rectangular(a), b),
};

describe.each(Object.entries(methods))('%s, where x leaves the range of float32,', (name, method) => {
  beforeEach(() => useBackend('cpu'));

  it('gives what float32 holds', async () => {
    const [a, b, x] = inside;
    const found = await method(a, tf.fill([3], b));
    expect(found.status).toBe('converged');
    for (const entry of found.x.dataSync()) expect(entry / x).toBeCloseTo(1, 4);
  });

  it.each(outside)('says so for %s x = %s', async (a, b) => {
    const message = new RegExp(
      `^${name}: expected a solution that float32 holds, received one with entries of 1.0e`,
    );
    await expect(method(a, tf.fill([3], b))).rejects.toThrow(message);
  });
});

it('functionTimesVector says that a product is too large, and gives zeros for one that is too small', async () => {
  await useBackend('cpu');
  const operator = matrixOperator(diagonal(1));
  const v = tf.fill([3], 1e30) as Tensor1D;
  await expect(functionTimesVector(operator, () => 1e10, v)).rejects.toThrow(
    /^functionTimesVector: expected a product f\(A\)v that float32 holds/,
  );
  const small = await functionTimesVector(operator, () => 1e-90, v);
  expect(Array.from(small.product.dataSync())).toEqual([0, 0, 0]);
  small.dispose();
  operator.dispose();
});
