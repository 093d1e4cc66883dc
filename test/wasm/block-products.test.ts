import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { blockDots, blockSums } from '../../src/tfjs/kernels/block-products.js';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { sample } from './compare.js';

/** Shapes of the parts of a vector, and which of their blocks are missing. */
const cases = [
  { k: 1, shapes: [[]], missing: [] },
  { k: 2, shapes: [[3], [2, 2], [7, 1]], missing: [1] },
  { k: 5, shapes: [[1025], [0], [31], [4, 16]], missing: [1, 2] },
  { k: 10, shapes: [[41, 100], [15], [8200]], missing: [] },
  // More columns than go by at once.
  { k: 3, shapes: [[32_901]], missing: [] },
];

function largestDifference(actual: ArrayLike<number>, wanted: readonly number[]): number {
  expect(actual.length).toBe(wanted.length);
  return wanted.reduce((worst, value, i) => Math.max(worst, Math.abs(actual[i]! - value)), 0);
}

const flat = (parts: readonly tf.Tensor[]): number[] => parts.flatMap((part) => Array.from(part.dataSync()));

describe.each(['cpu', 'stock wasm', 'wasm'])('products with blocks of columns on %s', (setting) => {
  let undo: () => void = () => {};
  beforeAll(async () => {
    await useBackend(setting === 'cpu' ? 'cpu' : 'wasm');
    if (setting === 'wasm') undo = await registerWasmTrainingKernels();
    expect(tf.getKernel('tfjs-curvature/BlockSums', tf.getBackend()) != null).toBe(setting === 'wasm');
    return () => undo();
  });
  let before: tf.MemoryInfo;
  afterEach(() =>
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes }),
  );

  test.each(cases)('are those of the joined matrix: k = $k, $shapes', ({ k, shapes, missing }) => {
    before = { ...tf.memory() };
    tf.tidy(() => {
      const x = shapes.map((shape, i) => sample(shape, i));
      const y = shapes.map((shape, i) => sample(shape, i + 10));
      const absent: readonly number[] = missing;
      const blocks = x.map(({ size }, i) =>
        absent.includes(i) ? null : (sample([k, size], i + 20) as tf.Tensor2D),
      );
      const rows = Array.from({ length: k }, (_, r) =>
        blocks
          .flatMap((block, i) =>
            block == null
              ? x[i]!.dataSync().map(() => 0)
              : block.dataSync().slice(r * x[i]!.size, (r + 1) * x[i]!.size),
          )
          .flatMap((row) => Array.from(row)),
      );
      const [xs, ys] = [flat(x), flat(y)];
      const dots = rows.map((row) => row.reduce((sum, value, i) => sum + value * xs[i]!, 0));
      const alphas = blockDots(blocks, x);
      expect(alphas.shape).toEqual([k]);
      // Products of multiples of 1/32 are exact; only sums of thousands of them round.
      expect(largestDifference(alphas.dataSync(), dots)).toBeLessThan(1e-3);

      const weights = Array.from({ length: k }, (_, r) => (r - 2) / 4);
      const along = { scale: -0.5, blocks, alphas: tf.tensor1d(weights) };
      const combination = xs.map((_, i) =>
        rows.reduce((sum, row, r) => sum - 0.5 * weights[r]! * row[i]!, 0),
      );
      for (const second of [null, { factor: 0.75, parts: y }]) {
        for (const third of [null, along]) {
          const sums = blockSums({ factor: -1.5, parts: x }, second, third);
          expect(sums.map(({ shape }) => shape)).toEqual(shapes);
          const wanted = xs.map(
            (value, i) =>
              -1.5 * value + (second == null ? 0 : 0.75 * ys[i]!) + (third == null ? 0 : combination[i]!),
          );
          expect(largestDifference(flat(sums), wanted)).toBeLessThan(1e-5);
        }
      }
      expect([flat(x), flat(y)]).toEqual([xs, ys]);
    });
  });

  test('without blocks, every bit is that of the ops', () => {
    before = { ...tf.memory() };
    tf.tidy(() => {
      const [x, y] = [tf.randomNormal([333], 0, 1, 'float32', 1), tf.randomNormal([333], 0, 1, 'float32', 2)];
      const terms = [0.1, 1, 0.7].map((factor) =>
        blockSums({ factor: -0.3, parts: [x] }, { factor, parts: [y] }, null),
      );
      const wanted = [0.1, 1, 0.7].map((factor) => tf.add(tf.mul(-0.3, x), tf.mul(factor, y)));
      expect(terms.map(flat)).toEqual(wanted.map((sum) => flat([sum])));
    });
  });

  test('a coordinate that is not a finite number counts as 0', () => {
    before = { ...tf.memory() };
    tf.tidy(() => {
      const block = tf.tensor2d([1, 1, 0, 1], [2, 2]);
      expect(flat([blockDots([block], [tf.tensor1d([NaN, 3])])])).toEqual([0, 0]);
      expect(flat([blockDots([block, block], [tf.tensor1d([2, 3]), tf.tensor1d([-Infinity, 3])])])).toEqual([
        0, 0,
      ]);
      expect(flat([blockDots([block], [tf.tensor1d([2, 3])])])).toEqual([5, 3]);
    });
  });

  test('results are new tensors, also where nothing is added', () => {
    before = { ...tf.memory() };
    const x = sample([5], 1);
    const [sum] = blockSums({ factor: 1, parts: [x] }, null, null);
    x.dispose();
    expect(flat([sum!])).toHaveLength(5);
    sum!.dispose();
  });
});
