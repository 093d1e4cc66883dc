import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockDots } from '../../../src/tfjs/kernels/block-products.js';
import { nudge } from '../../../src/optimizers/nudge.js';
import { useBackend } from '../../wasm-backend.js';
import { randomRows, readAll } from './training-problems.js';

describe.each(['cpu', 'wasm'] as const)('the projection on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const shapes = [[2, 3], [4], []];
  const rows = randomRows(3, 11, 1);
  const x = Array.from({ length: 11 }, (_, i) => Math.fround(Math.sin(i + 1)));
  /** A vector by variable, the last of them a scalar. */
  const parts = (values: readonly number[]): tf.Tensor[] => [
    tf.tensor(values.slice(0, 6), shapes[0]),
    tf.tensor(values.slice(6, 10), shapes[1]),
    tf.tensor(values.slice(10), shapes[2]),
  ];
  const blocks = (): tf.Tensor2D[] =>
    [
      [0, 6],
      [6, 10],
      [10, 11],
    ].map(([from, to]) => tf.tensor2d(rows.map((row) => row.slice(from, to))));
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);

  it('scales what lies along the rows by γ and leaves the rest, in the shapes of the variables', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const nudged = nudge(blocks(), parts(x), 0.25);
      expect(nudged.map(({ shape }) => shape)).toEqual(shapes);
      const got = readAll(nudged);
      for (const row of rows) expect(dot(row, got)).toBeCloseTo(0.25 * dot(row, x), 6);
      const rest = (v: readonly number[]): number[] =>
        rows.reduce((left, row) => left.map((value, i) => value - dot(row, v) * row[i]!), [...v]);
      rest(got).forEach((value, i) => expect(value).toBeCloseTo(rest(x)[i]!, 6));
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes a missing block for zeros', () => {
    tf.tidy(() => {
      const [first, , last] = blocks();
      const alphas = blockDots([first!, null, last!], parts(x));
      const without = x.map((value, i) => (i < 6 || i > 9 ? value : 0));
      readAll([alphas]).forEach((alpha, i) => expect(alpha).toBeCloseTo(dot(rows[i]!, without), 6));
      expect(readAll([nudge([first!, null, last!], parts(x), 0)[1]!])).toEqual(x.slice(6, 10));
    });
  });

  it.each([NaN, Infinity, -Infinity])('does not spread %f', (bad) => {
    tf.tidy(() => {
      const broken = parts(x.map((value, i) => (i === 0 ? bad : value)));
      expect(readAll(nudge(blocks(), broken, 0))).toEqual(readAll(broken));
    });
  });
});
