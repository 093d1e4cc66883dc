import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOperator } from '../../../src/operators/check-operator.js';
import { deflated } from '../../../src/operators/deflated.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { materialize } from '../../../src/operators/materialize.js';
import { projected } from '../../../src/operators/projected.js';
import { scaled } from '../../../src/operators/scaled.js';
import { shifted } from '../../../src/operators/shifted.js';
import { subset } from '../../../src/operators/subset.js';
import { sum } from '../../../src/operators/sum.js';
import { iterateSubspace } from '../../../src/optimizers/subspace-iteration.js';
import { diagonal } from '../../../src/estimators/diagonal.js';
import { frobeniusNorm } from '../../../src/estimators/norm.js';
import { trace } from '../../../src/estimators/trace.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { minres } from '../../../src/solvers/minres.js';
import { powerIteration } from '../../../src/solvers/power-iteration.js';
import { ParameterSpace } from '../../../src/parameters.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import { variableOf } from '../../closed-form.js';
import { useBackend } from '../../wasm-backend.js';

let tensors: number;

beforeEach(async () => {
  await useBackend('cpu');
  tensors = tf.memory().numTensors;
});

afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

const operatorOf = (matvec: (v: tf.Tensor1D) => unknown, more: object = {}): LinearOperator =>
  ({ size: 3, matvec, dispose: () => {}, ...more }) as LinearOperator;

/** The identity, as one may write it: it hands back what it was given. */
const identity = operatorOf((v) => v, { matmat: (rows: tf.Tensor2D) => rows });

/** The identity, as one may write it who takes v for given away. */
const greedy = operatorOf(
  (v) => {
    const copy = tf.mul(v, 1);
    v.dispose();
    return copy;
  },
  {
    matmat: (rows: tf.Tensor2D) => {
      const copy = tf.mul(rows, 1);
      rows.dispose();
      return copy;
    },
  },
);

/** Each operator made of another, and its matrix for the identity as that other. */
const derivations: [string, (a: LinearOperator, q: tf.Tensor2D) => LinearOperator, number[]][] = [
  ['scaled', (a) => scaled(a, 2), [2, 2, 2]],
  ['shifted', (a) => shifted(a, 2), [3, 3, 3]],
  ['sum', (a) => sum(a, a), [2, 2, 2]],
  ['sum of one', (a) => sum(a), [1, 1, 1]],
  ['deflated', (a, q) => deflated(a, { eigenvalues: [1], eigenvectors: q }), [0, 1, 1]],
  ['projected', (a, q) => projected(a, q), [0, 1, 1]],
];

describe.each(derivations)('%s', (_, make, expected) => {
  const withOperator = async (
    a: LinearOperator,
    f: (made: LinearOperator) => Promise<void>,
  ): Promise<void> => {
    const q = tf.tensor2d([[1, 0, 0]]);
    const made = make(a, q);
    try {
      await f(made);
    } finally {
      made.dispose();
      q.dispose();
    }
  };

  it.each([
    ['hands back', identity],
    ['disposes of', greedy],
  ])('leaves the vectors alone that an operand %s', (_, operand) =>
    withOperator(operand, async (made) => {
      const v = tf.tensor1d([1, 2, 3]);
      const rows = tf.tensor2d([[1, 2, 3]]);
      const product = made.matvec(v);
      const products = made.matmat!(rows);
      const right = expected.map((factor, i) => factor * (i + 1));
      for (const image of [product, products]) expect(Array.from(await image.data())).toEqual(right);
      tf.dispose([product, products]);
      expect([v.isDisposed, rows.isDisposed]).toEqual([false, false]);
      tf.dispose([v, rows]);
    }),
  );

  it.each([
    ['another length', () => tf.ones([2]), 'float32 vector of shape [3]'],
    ['whole numbers', () => tf.ones([3], 'int32'), 'float32 vector of shape [3]'],
    ['a matrix', () => tf.ones([3, 3]), 'float32 vector of shape [3]'],
    ['nothing', () => undefined, 'float32 vector of shape [3]'],
    ['a promise', () => Promise.resolve(1), 'a method `multiply`'],
  ])('refuses an operand that answers %s, and keeps nothing of it', (_answer, answer, message) =>
    withOperator(operatorOf(answer), async (made) => {
      const v = tf.tensor1d([1, 2, 3]);
      expect(() => made.matvec(v)).toThrow(message);
      v.dispose();
      await expect(materialize(made)).rejects.toThrow(message);
    }),
  );

  it('refuses a block of another shape', () =>
    withOperator(
      operatorOf((v) => v, { matmat: () => tf.ones([3, 2]) }),
      async (made) => {
        await expect(materialize(made)).rejects.toThrow('rows of shape [3, 3]');
      },
    ));

  it('keeps nothing where an operand throws', () =>
    withOperator(
      operatorOf(() => {
        throw new Error('no product');
      }),
      async (made) => {
        const v = tf.tensor1d([1, 2, 3]);
        expect(() => made.matvec(v)).toThrow('no product');
        v.dispose();
        await expect(materialize(made)).rejects.toThrow('no product');
      },
    ));
});

it('sum keeps no product of the operands before the one that throws', () => {
  const bad = operatorOf(() => {
    throw new Error('no product');
  });
  const good = operatorOf((v) => tf.mul(v, 2));
  const v = tf.tensor1d([1, 2, 3]);
  for (const operands of [
    [good, bad],
    [good, good, bad],
    [identity, bad],
  ]) {
    expect(() => sum(...operands).matvec(v)).toThrow('no product');
  }
  expect(v.isDisposed).toBe(false);
  v.dispose();
});

it('subset leaves alone what an operand hands back, and refuses what is no vector', async () => {
  const variables = [variableOf([1, 2]), variableOf([3])];
  const parameters = new ParameterSpace(variables);
  const block = subset({ ...identity, parameters }, [variables[0]!]);
  const v = tf.tensor1d([1, 2]);
  const product = block.matvec(v);
  expect(Array.from(await product.data())).toEqual([1, 2]);
  const wrong = subset({ ...operatorOf(() => tf.ones([2])), parameters }, [variables[0]!]);
  expect(() => wrong.matvec(v)).toThrow('[3]');
  tf.dispose([v, product, ...variables]);
});

it('checkOperator checks an operator that hands back v, and refuses what is no vector', async () => {
  expect(await checkOperator(identity)).toMatchObject({ passed: true, symmetry: 0 });
  await expect(checkOperator(operatorOf(() => tf.ones([2])))).rejects.toThrow('[3]');
  await expect(checkOperator(operatorOf(() => Promise.resolve(1)))).rejects.toThrow('a promise');
});

it('subspace iteration leaves its rows alone, and refuses what is no vector', () => {
  const rows = tf.tensor2d([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  const found = driveSync(iterateSubspace(identity, rows))!;
  expect(Array.from(found.eigenvalues)).toEqual([1, 1]);
  expect(rows.isDisposed).toBe(false);
  expect(() =>
    driveSync(
      iterateSubspace(
        operatorOf(() => tf.ones([2])),
        rows,
      ),
    ),
  ).toThrow('[3]');
  tf.dispose([rows, found.rows]);
});

/** All that multiplies by an operator of another's making. */
const runs: [string, (a: LinearOperator, b: tf.Tensor1D) => Promise<object>][] = [
  ['lanczos', (a) => lanczos(a)],
  ['powerIteration', (a) => powerIteration(a)],
  ['solve', (a, b) => solve(a, b)],
  ['minres', (a, b) => minres(a, b)],
  ['trace', (a) => trace(a)],
  ['diagonal', (a) => diagonal(a)],
  ['frobeniusNorm', (a) => frobeniusNorm(a)],
];

it.each(runs)('%s works with an operator that disposes of the vector it is given', async (_, run) => {
  const b = tf.tensor1d([1, 2, 3]);
  const result = await run(greedy, b);
  expect(result).toMatchObject({ status: 'converged' });
  (result as { dispose?(): void }).dispose?.();
  b.dispose();
});
