import fc from 'fast-check';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

interface Case {
  batch: [number[], number[]];
  m: number;
  k: number;
  n: number;
  ta: boolean;
  tb: boolean;
}

function product({ batch, m, k, n, ta, tb }: Case): tf.Tensor[] {
  const a = sample([...batch[0], ...(ta ? [k, m] : [m, k])], 1);
  const b = sample([...batch[1], ...(tb ? [n, k] : [k, n])], 2);
  return [tf.matMul(a, b, ta, tb)];
}

const transposes = [
  { ta: false, tb: false },
  { ta: false, tb: true },
  { ta: true, tb: false },
  { ta: true, tb: true },
];
const sizes: Omit<Case, 'ta' | 'tb'>[] = [
  { batch: [[], []], m: 5, k: 7, n: 9 },
  { batch: [[], []], m: 128, k: 400, n: 33 },
  { batch: [[], []], m: 67, k: 3, n: 300 },
  { batch: [[], []], m: 1, k: 50, n: 17 },
  { batch: [[], []], m: 13, k: 9000, n: 1 },
  { batch: [[], []], m: 3, k: 0, n: 5 },
  { batch: [[], []], m: 0, k: 4, n: 5 },
  { batch: [[3], [3]], m: 6, k: 5, n: 11 },
  { batch: [[3], [1]], m: 6, k: 5, n: 11 },
  { batch: [[1], [4]], m: 2, k: 5, n: 8 },
  { batch: [[2, 3], [3]], m: 4, k: 6, n: 10 },
];

describe('matMul agrees with cpu', () => {
  test.each(sizes.flatMap((size) => transposes.map((t) => ({ ...size, ...t }))))('%o', async (c) =>
    expectSame(() => product(c), c.k),
  );

  test('batches that broadcast both ways, which cpu gets wrong, equal the product of tiled stacks', async () => {
    await useBackend('wasm');
    const [a, b] = [sample([2, 1, 4, 6], 1), sample([1, 3, 6, 10], 2)];
    const tiled = tf.matMul(tf.tile(a, [1, 3, 1, 1]), tf.tile(b, [2, 1, 1, 1]));
    expect([...tf.matMul(a, b).dataSync()]).toEqual([...tiled.dataSync()]);
  });

  test('over random sizes', async () => {
    const size = fc.integer({ min: 1, max: 70 });
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        fc.integer({ min: 1, max: 900 }),
        fc.boolean(),
        fc.boolean(),
        async (m, n, k, ta, tb) => expectSame(() => product({ batch: [[], []], m, k, n, ta, tb }), k),
      ),
      { seed: 1, numRuns: 30 },
    );
  });
});
