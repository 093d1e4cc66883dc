import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EigenResult, LinearOperator } from '../../src/index.js';
import {
  deflated,
  diagonal,
  frobeniusNorm,
  lanczos,
  materialize,
  minres,
  NSGD,
  projected,
  scaled,
  shifted,
  solve,
  trace,
} from '../../src/index.js';
import { relativeError } from '../golden-case.js';
import { backend, useBackend } from './backend.js';
import { browserBackend } from './contract-backend.js';

/*
 * WebGL keeps four numbers in a texel, and in what is left of the last one it may keep anything: after arithmetic on
 * vectors, copies of them. A product with a matrix that takes the rest for zero is wrong without a word. So here
 * everything that multiplies vectors by matrices is given vectors that come from arithmetic.
 */

// An odd number, so that the last texel is not full.
const values = Array.from({ length: 9 }, (_, i) => 5 * 0.6 ** i);
const n = values.length;

/** float32 rounding of a few products of nine terms. */
const tolerance = 5e-6;

/** A vector as arithmetic leaves it. */
const fromArithmetic = (numbers: readonly number[]): tf.Tensor1D =>
  tf.tidy(() => tf.mul(tf.add(tf.tensor1d([...numbers]), 0), 1));

/** diag(values), number by number. */
function elementwise(): LinearOperator {
  const diagonal = fromArithmetic(values);
  return {
    size: n,
    matvec: (v) => tf.tidy(() => tf.add(tf.mul(v, diagonal), 0) as tf.Tensor1D),
    dispose: () => diagonal.dispose(),
  };
}

async function read(tensor: tf.Tensor): Promise<number[]> {
  const numbers = Array.from(await tensor.data());
  tensor.dispose();
  return numbers;
}

const diagonalMatrix = (entries: readonly number[]): number[] =>
  entries.flatMap((value, i) => entries.map((_, j) => (i === j ? value : 0)));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);

describe(`vectors that come from arithmetic, on ${backend}`, () => {
  const { tidily } = browserBackend;
  beforeAll(() => useBackend());

  const withOperator = (f: (operator: LinearOperator) => Promise<void>): Promise<void> =>
    tidily(async () => {
      const operator = elementwise();
      await f(operator);
      operator.dispose();
    });

  const withPairs = (k: number, f: (operator: LinearOperator, pairs: EigenResult) => Promise<void>) =>
    withOperator(async (operator) => {
      const pairs = await lanczos(operator, { k, tol: 1e-6 });
      expect(relativeError(pairs.eigenvalues, values.slice(0, k))).toBeLessThan(tolerance);
      await f(operator, pairs);
      pairs.dispose();
    });

  it('are scaled and shifted, and their sharpest pairs found', () =>
    withOperator(async (operator) => {
      const found = await lanczos(shifted(scaled(operator, 2), 1), { k: 2, tol: 1e-5 });
      expect(relativeError(found.eigenvalues, [11, 7])).toBeLessThan(tolerance);
      found.dispose();
    }));

  it.each([1, 3])('have %i pairs taken out', (k) =>
    withPairs(k, async (operator, pairs) => {
      const rest = diagonalMatrix(values.map((value, i) => (i < k ? 0 : value)));
      for (const made of [deflated(operator, pairs), projected(operator, pairs.eigenvectors)]) {
        const whole = await read(await materialize(made));
        // Eigenvectors at a residual of 1e-6 are off by as much, relative to the gaps.
        expect(Math.max(...whole.map((x, i) => Math.abs(x - rest[i]!)))).toBeLessThan(5e-5);
        const v = fromArithmetic(values);
        const image = await read(made.matvec(v));
        image.forEach((x, i) => expect(Math.abs(x - (i < k ? 0 : values[i]! ** 2))).toBeLessThan(2e-4));
        v.dispose();
        made.dispose();
      }
    }),
  );

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('are solved for by %s', (_, method) =>
    withOperator(async (operator) => {
      const b = fromArithmetic(values.map((value, i) => value * (i - 4)));
      const result = await method(operator, b, { tol: 1e-6 });
      expect(result.status).toBe('converged');
      const error = (await result.x.data()).map((x, i) => x - (i - 4));
      // The smallest eigenvalue is a sixtieth of the largest.
      expect(Math.hypot(...error)).toBeLessThan(60 * 1e-5);
      result.dispose();
      b.dispose();
    }),
  );

  it.each(['hutchinson', 'hutch++', 'xtrace'] as const)('have their trace by %s', (method) =>
    withOperator(async (operator) => {
      const { value, standardError } = await trace(operator, { method, maxMatvecs: 12, seed: 2 });
      expect(Math.abs(value - sum(values))).toBeLessThan(5 * standardError + 1e-4);
    }),
  );

  it('have their diagonal and norm, of which signs make no error here', () =>
    withOperator(async (operator) => {
      const found = await diagonal(operator, { maxMatvecs: 4 });
      expect(relativeError(await found.diagonal.data(), values)).toBeLessThan(tolerance);
      found.dispose();
      const { value } = await frobeniusNorm(operator, { maxMatvecs: 4 });
      expect(relativeError([value], [Math.hypot(...values)])).toBeLessThan(tolerance);
    }));

  it.each([1, 3])('are nudged along %i directions', (k) =>
    withPairs(k, async (_, pairs) => {
      const [initial, diagonal] = [tf.ones([n]), fromArithmetic(values)];
      const w = tf.variable(initial);
      const optimizer = new NSGD({ learningRate: 0.1, gamma: 0.5, k, refreshEvery: 0 });
      optimizer.setDirections(pairs.eigenvectors);
      await optimizer.settled();
      // L = ½ Σ d w²: g = d at w = 1, of which the first k are halved.
      const loss = (): tf.Scalar => tf.tidy(() => tf.mul(tf.sum(tf.mul(diagonal, tf.square(w))), 0.5));
      tf.tidy(() => void optimizer.minimize(loss, false, [w]));
      const expected = values.map((value, i) => 1 - 0.1 * value * (i < k ? 0.5 : 1));
      const moved = Array.from(await w.data());
      expect(Math.max(...moved.map((x, i) => Math.abs(x - expected[i]!)))).toBeLessThan(1e-5);
      optimizer.dispose();
      tf.dispose([initial, diagonal, w]);
    }),
  );
});
