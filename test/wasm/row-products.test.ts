import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  combineRows,
  rowDots,
  subtractRows,
  takesScatteredRows,
} from '../../src/tfjs/kernels/row-products.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { sample } from './compare.js';

/** Rows as they may lie in tensors: alone, in matrices of several, and longer than a chunk of the sums. */
const cases = [
  { counts: [1], n: 1 },
  { counts: [1, 1], n: 7 },
  { counts: [3, 1, 1, 4], n: 1025 },
  { counts: [2, 5], n: 5003 },
  { counts: [1, 1, 1, 1, 1, 1, 1, 1, 1], n: 2048 },
];

/** The same sums in double precision. */
const inner = (rows: number[][], x: number[]): number[] =>
  rows.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));

const combination = (rows: number[][], weights: number[]): number[] =>
  rows[0]!.map((_, i) => rows.reduce((sum, row, r) => sum + weights[r]! * row[i]!, 0));

function largestDifference(actual: ArrayLike<number>, wanted: readonly number[]): number {
  expect(actual.length).toBe(wanted.length);
  return wanted.reduce((worst, value, i) => Math.max(worst, Math.abs(actual[i]! - value)), 0);
}

describe.each(['cpu', 'stock wasm', 'wasm'])('products with scattered rows on %s', (setting) => {
  let undo: () => void = () => {};
  beforeAll(async () => {
    await useBackend(setting === 'cpu' ? 'cpu' : 'wasm');
    if (setting === 'wasm') undo = await registerWasmTrainingKernels();
    expect(takesScatteredRows()).toBe(setting === 'wasm');
    return () => undo();
  });
  let tensors = 0;
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  test.each(cases)('are those of the matrix of all rows: $counts rows of $n', ({ counts, n }) => {
    tensors = tf.memory().numTensors;
    tf.tidy(() => {
      const parts = counts.map((count, i) => sample([count, n], i) as tf.Tensor2D);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const x = sample([1, n], 11) as tf.Tensor2D;
      const weights = sample([2, total], 12) as tf.Tensor2D;
      const one = sample([1, total], 13) as tf.Tensor2D;
      const base = sample([1, n], 14) as tf.Tensor2D;
      const host = (t: tf.Tensor2D): number[][] => t.arraySync();
      const rows = parts.flatMap(host);
      // Products of multiples of 1/32: every sum here is exact in float32 but for those of a few thousand terms.
      const dots = rowDots(parts, x);
      const shapes = takesScatteredRows() ? [[1, total]] : counts.map((count) => [1, count]);
      expect(dots.map(({ shape }) => shape)).toEqual(shapes);
      expect(largestDifference(tf.concat(dots, 1).dataSync(), inner(rows, host(x)[0]!))).toBeLessThan(1e-4);
      const combined = combineRows(weights, parts);
      expect(combined.shape).toEqual([2, n]);
      const wanted = host(weights).flatMap((list) => combination(rows, list));
      expect(largestDifference(combined.dataSync(), wanted)).toBeLessThan(1e-5);
      const pieces = takesScatteredRows() ? [one] : tf.split<tf.Tensor2D>(one, counts, 1);
      const rest = subtractRows(pieces, parts, base);
      expect(rest.shape).toEqual([1, n]);
      const taken = combination(rows, host(one)[0]!);
      const left = host(base)[0]!.map((value, i) => value - taken[i]!);
      expect(largestDifference(rest.dataSync(), left)).toBeLessThan(1e-5);
    });
  });

  test('leave their inputs as they are', () => {
    tensors = tf.memory().numTensors;
    tf.tidy(() => {
      const [rows, x] = [sample([3, 5], 1) as tf.Tensor2D, sample([1, 5], 2) as tf.Tensor2D];
      const before = [rows.dataSync().slice(), x.dataSync().slice()];
      subtractRows([sample([1, 3], 3) as tf.Tensor2D], [rows], x);
      expect([rows.dataSync(), x.dataSync()]).toEqual(before);
    });
  });
});
