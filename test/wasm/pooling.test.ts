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

type Shape4D = [number, number, number, number];
interface Case {
  x: Shape4D;
  filterSize: [number, number];
  strides: [number, number];
  pad: 'same' | 'valid' | number;
}

/** Shifts the samples so that in some windows every number is negative, in others every number zero. */
function input(shape: number[]): tf.Tensor {
  return tf.minimum(tf.sub(sample(shape, 5), 0.5), 0);
}

/** Numbers from 0 to 1, no two of them equal: 7919 is a prime. */
function distinct(shape: number[]): tf.Tensor {
  const n = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Float32Array.from({ length: n }, (_, i) => ((i * 7919) % n) / n),
    shape,
  );
}

function maxGradient({ x, filterSize, strides, pad }: Case): tf.Tensor[] {
  const pool = (t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, filterSize, strides, pad);
  const at = input(x);
  const y = pool(at);
  const gradient = (t: tf.Tensor) => tf.grad(pool)(t, sample(y.shape, 2) as tf.Tensor4D);
  return [gradient(at), gradient(sample(x, 7)), gradient(tf.zeros(x))];
}

const table: Case[] = [
  { x: [2, 6, 6, 4], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
  { x: [2, 7, 5, 3], filterSize: [3, 3], strides: [1, 1], pad: 'same' },
  { x: [1, 9, 8, 9], filterSize: [3, 2], strides: [2, 3], pad: 'same' },
  { x: [3, 5, 5, 1], filterSize: [5, 5], strides: [1, 1], pad: 2 },
  { x: [2, 8, 8, 6], filterSize: [1, 2], strides: [3, 3], pad: 'valid' },
  { x: [0, 6, 6, 4], filterSize: [2, 2], strides: [2, 2], pad: 'valid' },
];

const arbitrary = fc.record({
  x: fc.tuple(
    fc.integer({ min: 1, max: 2 }),
    fc.integer({ min: 4, max: 10 }),
    fc.integer({ min: 4, max: 10 }),
    fc.integer({ min: 1, max: 9 }),
  ),
  filterSize: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom('same' as const, 'valid' as const),
});

/** The most windows that meet in one cell: their gradients are added in another order than on cpu. */
const overlaps = (c: Case) => c.filterSize[0] * c.filterSize[1];

describe('the gradient of maximum pooling agrees with cpu on negative windows and on ties', () => {
  test.each(table)('%o', async (c) => expectSame(() => maxGradient(c), overlaps(c)));

  test('over random shapes', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (c) => expectSame(() => maxGradient(c), overlaps(c))),
      { seed: 5, numRuns: 40 },
    );
  });

  test('the first of equal maxima gets everything', async () => {
    await useBackend('wasm');
    const x = tf.tensor4d([-2, -2, -3, -2], [1, 2, 2, 1]);
    const gradient = tf.grad((t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, 2, 2, 'valid'))(x);
    expect([...gradient.dataSync()]).toEqual([1, 0, 0, 0]);
  });

  test.each([1, 4, 7])('NaN takes no gradient, as on cpu: %i channels', async (channels) => {
    await expectSame(() => {
      const places = [NaN, -2, NaN, -1, NaN, NaN, NaN, NaN, -3, NaN, -3, NaN];
      const x = tf.tensor4d(
        places.flatMap((v) => new Array<number>(channels).fill(v)),
        [3, 2, 2, channels],
      );
      return [tf.grad((t: tf.Tensor) => tf.maxPool(t as tf.Tensor4D, 2, 2, 'valid'))(x)];
    }, 1);
  });

  test('in three dimensions', async () => {
    for (const pad of ['same', 'valid'] as const) {
      await expectSame(() => {
        const pool = (t: tf.Tensor) => tf.maxPool3d(t as tf.Tensor5D, 3, 2, pad);
        const x = distinct([2, 5, 6, 7, 5]);
        const negative = tf.sub(x, 3);
        return [
          tf.grad(pool)(x, sample(pool(x).shape, 2) as tf.Tensor5D),
          tf.grad(pool)(negative, sample(pool(x).shape, 3) as tf.Tensor5D),
        ];
      }, 8);
    }
  });

  test.each([1, 5])('the first in three dimensions too, unlike cpu: %i channels', async (channels) => {
    await useBackend('wasm');
    const x = tf.fill([1, 2, 2, 2, channels], -2);
    const gradient = tf.grad((t: tf.Tensor) => tf.maxPool3d(t as tf.Tensor5D, 2, 2, 'valid'))(x);
    expect([...gradient.dataSync()]).toEqual(
      Array.from({ length: 8 * channels }, (_, i) => (i < channels ? 1 : 0)),
    );
    tf.dispose([x, gradient]);
  });
});

describe('maxPoolWithArgmax agrees with cpu', () => {
  test.each(table.flatMap((c) => [true, false].map((batch) => ({ ...c, batch }))))('%o', async (c) =>
    expectSame(() => {
      const pool = (x: tf.Tensor) =>
        tf.maxPoolWithArgmax(x as tf.Tensor4D, c.filterSize, c.strides, c.pad, c.batch);
      const [first, second] = [pool(input(c.x)), pool(sample(c.x, 4))];
      return [first.result, first.indexes, second.result, second.indexes] as tf.Tensor[];
    }, 1),
  );
});

describe('the gradient of average pooling', () => {
  test.each(table.filter((c) => c.pad === 'valid'))('agrees with cpu: %o', async (c) =>
    expectSame(() => {
      const pool = (t: tf.Tensor) => tf.avgPool(t as tf.Tensor4D, c.filterSize, c.strides, c.pad);
      const x = sample(c.x, 1);
      return [tf.grad(pool)(x, sample(pool(x).shape, 2) as tf.Tensor4D)];
    }, overlaps(c)),
  );

  test('in three dimensions agrees with cpu', async () =>
    expectSame(() => {
      const pool = (t: tf.Tensor) => tf.avgPool3d(t as tf.Tensor5D, 2, 1, 'valid');
      const x = sample([2, 4, 5, 6, 5], 1);
      return [tf.grad(pool)(x, sample(pool(x).shape, 2) as tf.Tensor5D)];
    }, 8));

  // Pooling is linear, so <pool(x), dy> = <x, gradient> exactly; cpu breaks it where cells are padded.
  test.each(table.filter((c) => c.pad !== 'valid'))('is the adjoint of the forward pass: %o', async (c) => {
    await useBackend('wasm');
    const [forward, backward] = tf.tidy(() => {
      const pool = (t: tf.Tensor) => tf.avgPool(t as tf.Tensor4D, c.filterSize, c.strides, c.pad);
      const x = sample(c.x, 1);
      const y = pool(x);
      const dy = sample(y.shape, 2) as tf.Tensor4D;
      const dx = tf.grad(pool)(x, dy);
      return [tf.sum(tf.mul(y, dy)), tf.sum(tf.mul(x, dx))].map((t) => t.dataSync()[0] as number);
    }) as [number, number];
    // Two sums of some 500 products below 1: 500 · 2⁻²⁴ relative to √500 at most.
    expect(Math.abs(forward - backward)).toBeLessThan(1e-3);
    expect(Math.abs(forward)).toBeGreaterThan(1e-2);
  });

  test('in three dimensions is the adjoint of the forward pass', async () => {
    await useBackend('wasm');
    const [forward, backward] = tf.tidy(() => {
      const pool = (t: tf.Tensor) => tf.avgPool3d(t as tf.Tensor5D, 3, 2, 'same');
      const x = sample([2, 4, 5, 6, 5], 1);
      const y = pool(x);
      const dy = sample(y.shape, 2) as tf.Tensor5D;
      return [tf.sum(tf.mul(y, dy)), tf.sum(tf.mul(x, tf.grad(pool)(x, dy)))].map(
        (t) => t.dataSync()[0] as number,
      );
    }) as [number, number];
    // As above.
    expect(Math.abs(forward - backward)).toBeLessThan(1e-3);
    expect(Math.abs(forward)).toBeGreaterThan(1e-2);
  });
});
