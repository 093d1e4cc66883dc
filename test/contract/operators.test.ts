import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deflated } from '../../src/operators/deflated.js';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { materialize } from '../../src/operators/materialize.js';
import { matrixOperator } from '../../src/operators/matrix-operator.js';
import { projected } from '../../src/operators/projected.js';
import { scaled } from '../../src/operators/scaled.js';
import { shifted } from '../../src/operators/shifted.js';
import { blocks, subset } from '../../src/operators/subset.js';
import { sum } from '../../src/operators/sum.js';
import { ParameterSpace } from '../../src/parameters.js';
import { SeededRandom } from '../../src/random.js';
import { variableOf } from '../closed-form.js';
import { useBackend } from '../wasm-backend.js';
import { matrixWithSpectrum } from './prescribed-spectrum.js';

const a = matrixWithSpectrum([5, 3, 1, -1, -4, 0.5], 1);
const b = matrixWithSpectrum([1, 2, 3, 4, 5, 6], 2);
/** Two orthonormal directions. */
const q = [
  [0.6, 0.8, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0],
];
const times = (x: number[][], y: number[][]) =>
  x.map((row) => y[0]!.map((_, j) => row.reduce((total, value, l) => total + value * y[l]![j]!, 0)));
const plus = (x: number[][], y: number[][], factor = 1) =>
  x.map((row, i) => row.map((value, j) => value + factor * y[i]![j]!));
const unit = a.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
const transposed = (x: number[][]) => x[0]!.map((_, j) => x.map((row) => row[j]!));
/** I - QᵀQ. */
const away = plus(unit, times(transposed(q), q), -1);
const spread = times(
  transposed(q),
  q.map((row, i) => row.map((x) => x * [7, -2][i]!)),
);

/** A new operator is a new row: how it is made, and its matrix in double precision. */
const operators: {
  name: string;
  make: (a: LinearOperator, b: LinearOperator, q: tf.Tensor2D) => LinearOperator;
  matrix: number[][];
}[] = [
  { name: 'matrixOperator', make: (a) => a, matrix: a },
  { name: 'sum', make: (a, b) => sum(a, b, a), matrix: plus(a, plus(b, a)) },
  { name: 'scaled', make: (a) => scaled(a, -2.5), matrix: plus(a, a, -3.5) },
  { name: 'shifted', make: (a) => shifted(a, 0.75), matrix: plus(a, unit, 0.75) },
  { name: 'projected', make: (a, _, q) => projected(a, q), matrix: times(away, times(a, away)) },
  {
    name: 'deflated',
    make: (a, _, q) => deflated(a, { eigenvalues: [7, -2], eigenvectors: q }),
    matrix: plus(a, spread, -1),
  },
  {
    name: 'a sum of scaled and shifted',
    make: (a, b) => sum(scaled(a, 2), shifted(b, -1)),
    matrix: plus(plus(a, a), plus(b, unit, -1)),
  },
];

describe.each(operators)('$name', ({ make, matrix }) => {
  let parts: { a: LinearOperator; b: LinearOperator; q: tf.Tensor2D };
  let operator: LinearOperator;
  let tensors: number;
  beforeAll(async () => {
    await useBackend('cpu');
    tensors = tf.memory().numTensors;
    const of = (rows: number[][]) => {
      const tensor = tf.tensor2d(rows);
      const made = matrixOperator(tensor);
      tensor.dispose();
      return made;
    };
    parts = { a: of(a), b: of(b), q: tf.tensor2d(q) };
    operator = make(parts.a, parts.b, parts.q);
  });
  afterAll(() => {
    operator.dispose();
    for (const part of Object.values(parts)) part.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('is the matrix it stands for', async () => {
    const whole = await materialize(operator);
    whole.arraySync().forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(matrix[i]![j]!, 5)));
    whole.dispose();
  });

  it('multiplies a block as it multiplies its rows, is symmetric and linear, and repeats itself', () => {
    const random = new SeededRandom(4);
    const [u, v] = [0, 1].map(() => tf.tensor1d(random.fillNormal(new Float32Array(6))));
    tf.tidy(() => {
      const [au, av] = [operator.matvec(u!), operator.matvec(v!)];
      const inner = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(x, y)).dataSync()[0]!;
      expect(inner(v!, au)).toBeCloseTo(inner(u!, av), 4);
      const combined = operator.matvec(tf.add(tf.mul(u!, 2), v!) as tf.Tensor1D);
      const expected = tf.add(tf.mul(au, 2), av).dataSync();
      combined.dataSync().forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 4));
      expect(operator.matvec(u!).dataSync()).toEqual(au.dataSync());
      const block = operator.matmat!(tf.stack([u!, v!]) as tf.Tensor2D).dataSync();
      [...au.dataSync(), ...av.dataSync()].forEach((x, i) => expect(block[i]).toBeCloseTo(x, 5));
    });
    u!.dispose();
    v!.dispose();
  });

  it('refuses a vector of another length, and products once it is disposed', () => {
    const long = tf.ones([7]) as tf.Tensor1D;
    expect(() => operator.matvec(long)).toThrow('[6]');
    long.dispose();
    const fresh = make(parts.a, parts.b, parts.q);
    if (fresh === parts.a) return;
    fresh.dispose();
    fresh.dispose();
    const v = tf.ones([6]) as tf.Tensor1D;
    expect(() => fresh.matvec(v)).toThrow('not disposed');
    parts.a.matvec(v).dispose();
    v.dispose();
  });
});

describe('operators made with wrong arguments', () => {
  const small = { size: 2, matvec: (v: tf.Tensor1D) => tf.clone(v), dispose: () => {} };
  it('throw and name what they expect', () => {
    expect(() => sum()).toThrow('at least one operator');
    expect(() => sum(small, { ...small, size: 3 })).toThrow('operators of one size, received [2,3]');
    expect(() => scaled(small, NaN)).toThrow('a finite factor');
    expect(() => shifted(small, Infinity)).toThrow('a finite damping');
    const rows = tf.ones([1, 3]) as tf.Tensor2D;
    expect(() => projected(small, rows)).toThrow('[m, 2]');
    expect(() => deflated(small, { eigenvalues: [1], eigenvectors: rows })).toThrow('[m, 2]');
    expect(() => matrixOperator(rows)).toThrow('[n, n]');
    rows.dispose();
  });
});

describe('subset and blocks', () => {
  beforeAll(() => useBackend('cpu'));

  it('are the diagonal blocks of the variables chosen', async () => {
    const variables = [variableOf([1, 2]), variableOf(3), variableOf([4, 5, 6])];
    const matrix = tf.tensor2d(a);
    const whole = { ...matrixOperator(matrix), parameters: new ParameterSpace(variables) };
    const pick = async (indices: number[], operator: LinearOperator) => {
      const block = await materialize(operator);
      block
        .arraySync()
        .forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(a[indices[i]!]![indices[j]!]!, 5)));
      expect(block.shape).toEqual([indices.length, indices.length]);
      block.dispose();
    };
    await pick([0, 1, 3, 4, 5], subset(whole, [variables[2]!, variables[0]!]));
    await pick(
      [2],
      subset(whole, (variable) => variable.size === 1),
    );
    const layer = { name: 'dense', trainableWeights: [{ read: () => variables[2] }] };
    await pick([3, 4, 5], subset(whole, layer));
    expect(subset(whole, layer).parameters.variables).toEqual([variables[2]]);
    const groups = blocks(whole, (variable) => (variable.size > 1 ? 'kernels' : 'biases'));
    expect([...groups.keys()]).toEqual(['kernels', 'biases']);
    await pick([0, 1, 3, 4, 5], groups.get('kernels')!);
    const stranger = variableOf([1]);
    expect(() => subset(whole, [stranger])).toThrow('variables of the operator');
    expect(() => subset(whole, () => false)).toThrow('a predicate that chooses');
    whole.dispose();
    for (const tensor of [matrix, stranger, ...variables]) tensor.dispose();
  });

  it('materialize stops when aborted', async () => {
    const tensors = tf.memory().numTensors;
    const identity = { size: 100, matvec: (v: tf.Tensor1D) => tf.clone(v), dispose: () => {} };
    const controller = new AbortController();
    const run = materialize(identity, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
