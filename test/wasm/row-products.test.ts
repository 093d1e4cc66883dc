import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { combineRows, rowDots, takesScatteredRows } from '../../src/solvers/row-products.js';
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
function expected(
  parts: number[][][],
  x: number[],
  weights: number[][],
  scale: number,
  base: number[][] | null,
) {
  const rows = parts.flat();
  const dots = rows.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));
  const combined = weights.map((list, j) =>
    x.map((_, i) => rows.reduce((sum, row, r) => sum + scale * list[r]! * row[i]!, base?.[j]![i] ?? 0)),
  );
  return { dots, combined };
}

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
      const base = sample([2, n], 13) as tf.Tensor2D;
      const host = (t: tf.Tensor2D): number[][] => t.arraySync();
      for (const [scale, from] of [
        [1, null],
        [-1, base],
        [0.5, null],
      ] as const) {
        const { dots, combined } = expected(
          parts.map(host),
          host(x)[0]!,
          host(weights),
          scale,
          from == null ? null : host(from),
        );
        // Products of multiples of 1/32: every sum here is exact in float32 but for those of a few thousand terms.
        expect(largestDifference(rowDots(parts, x).dataSync(), dots)).toBeLessThan(1e-4);
        const y = combineRows(weights, parts, scale, from);
        expect(y.shape).toEqual([2, n]);
        expect(largestDifference(y.dataSync(), combined.flat())).toBeLessThan(1e-5);
      }
    });
  });

  test('leave their inputs as they are', () => {
    tensors = tf.memory().numTensors;
    tf.tidy(() => {
      const [rows, x] = [sample([3, 5], 1) as tf.Tensor2D, sample([1, 5], 2) as tf.Tensor2D];
      const before = [rows.dataSync().slice(), x.dataSync().slice()];
      combineRows(sample([1, 3], 3) as tf.Tensor2D, [rows], -1, x);
      expect([rows.dataSync(), x.dataSync()]).toEqual(before);
    });
  });
});
