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

describe('slice', () => {
  test('agrees with cpu over random shapes and windows', async () => {
    const axis = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.nat(), fc.nat())
      .map(([full, a, b]) => ({ full, begin: a % full, size: 1 + (b % (full - (a % full))) }));
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 5 }), async (axes) =>
        expectSame(() => {
          const x = sample(
            axes.map((a) => a.full),
            1,
          );
          const [begin, size] = [axes.map((a) => a.begin), axes.map((a) => a.size)];
          return [tf.slice(x, begin, size), tf.slice(tf.cast(tf.mul(x, 32), 'int32'), begin, size)];
        }, 1),
      ),
      { seed: 8, numRuns: 60 },
    );
  });

  test('of nothing, of a scalar and of booleans agrees with cpu', async () =>
    expectSame(
      () => [
        tf.slice(sample([4, 5], 1), [1, 2], [0, 3]),
        tf.slice(sample([4, 5], 1), 2),
        tf.slice(tf.greater(sample([4, 5], 1), 0), [1, 1], [2, 3]),
      ],
      1,
    ));

  test('outside the tensor is refused', async () => {
    await useBackend('wasm');
    expect(() => tf.slice(tf.zeros([3, 3]), [1, 1], [3, 2])).toThrow(/Error in slice3?2?D?/);
  });
});

describe('split, unstack and concat agree with cpu', () => {
  test.each([
    { shape: [6], axis: 0 },
    { shape: [4, 6], axis: 0 },
    { shape: [4, 6], axis: 1 },
    { shape: [3, 4, 5], axis: 1 },
    { shape: [2, 3, 4, 6], axis: 3 },
    { shape: [2, 1, 2, 2, 6], axis: 2 },
  ])('%o', async ({ shape, axis }) =>
    expectSame(() => {
      const x = sample(shape, 1);
      const size = shape[axis] as number;
      const parts = tf.split(x, [1, size - 1], axis);
      return [
        ...parts,
        ...tf.split(x, size, axis),
        ...tf.unstack(x, axis),
        tf.concat([...parts].reverse(), axis),
        tf.concat(
          parts.map((part) => tf.cast(tf.mul(part, 32), 'int32')),
          axis,
        ),
        tf.stack(
          parts.map((part) => tf.sum(part, axis)),
          0,
        ),
      ];
    }, shape[axis] as number),
  );

  test('with empty parts', async () =>
    expectSame(() => [tf.concat([sample([0, 3], 1), sample([2, 3], 2), sample([0, 3], 3)], 0)], 1));
});

describe('tile agrees with cpu', () => {
  test.each([
    { shape: [5], reps: [3] },
    { shape: [1], reps: [7] },
    { shape: [6, 1], reps: [1, 9] },
    { shape: [1, 6], reps: [5, 1] },
    { shape: [2, 3], reps: [1, 1] },
    { shape: [2, 3, 5], reps: [2, 1, 3] },
    { shape: [2, 1, 3, 2], reps: [2, 3, 2, 2] },
    { shape: [2, 3], reps: [0, 2] },
    { shape: [0, 3], reps: [2, 2] },
  ])('%o', async ({ shape, reps }) =>
    expectSame(() => {
      const x = tf.mul(sample(shape, 1), 32);
      return (['float32', 'int32', 'bool'] as const).map((type) => tf.tile(tf.cast(x, type), reps));
    }, 1),
  );
});

describe('gather', () => {
  const indexed = (shape: number[], size: number) =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (7 * i + 3) % Math.max(1, size)),
      shape,
      'int32',
    );
  const types = ['float32', 'int32', 'bool'] as const;

  test.each([
    { shape: [6], indices: [9], axis: 0, batchDims: 0 },
    { shape: [6], indices: [], axis: 0, batchDims: 0 },
    { shape: [6, 5], indices: [2, 3], axis: 0, batchDims: 0 },
    { shape: [6, 5], indices: [4], axis: 1, batchDims: 0 },
    { shape: [4, 300], indices: [7], axis: 0, batchDims: 0 },
    { shape: [3, 4, 2], indices: [5, 2], axis: -2, batchDims: 0 },
    // Examples of their own, and axes between them and the gathered one, which stock mixes up.
    { shape: [2, 3, 4], indices: [2, 5], axis: 1, batchDims: 1 },
    { shape: [2, 3, 4], indices: [2, 5], axis: 2, batchDims: 1 },
    { shape: [3, 4, 2], indices: [3, 2, 2], axis: 1, batchDims: 1 },
    { shape: [2, 3, 4, 5], indices: [2, 3, 2], axis: 3, batchDims: 2 },
    { shape: [2, 3, 4], indices: [2, 3, 5], axis: 2, batchDims: -1 },
    { shape: [4, 0], indices: [2], axis: 0, batchDims: 0 },
    { shape: [0, 3], indices: [0], axis: 0, batchDims: 0 },
    { shape: [4, 3], indices: [2, 0], axis: 1, batchDims: 0 },
  ])('agrees with cpu, for each type: %o', async ({ shape, indices, axis, batchDims }) =>
    expectSame(() => {
      const x = sample(shape, 1);
      const at = indexed(indices, shape.at(axis)!);
      return types.map((type) => tf.gather(tf.cast(tf.mul(x, 32), type), at, axis, batchDims));
    }, 1),
  );

  test('agrees with cpu over random shapes', async () => {
    const dims = (maxLength: number) => fc.array(fc.integer({ min: 1, max: 5 }), { maxLength });
    const arbitrary = fc.record({
      batch: dims(2),
      outer: dims(2),
      size: fc.integer({ min: 1, max: 7 }),
      inner: dims(2),
      count: fc.integer({ min: 0, max: 9 }),
      type: fc.constantFrom(...types),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ batch, outer, size, inner, count, type }) => {
        // Six axes are what a tensor has.
        const shape = [...batch, ...outer, size, ...inner.slice(0, 5 - batch.length - outer.length)];
        const axis = batch.length + outer.length;
        await expectSame(() => {
          const x = tf.cast(tf.mul(sample(shape, 1), 32), type);
          return [tf.gather(x, indexed([...batch, count], size), axis, batch.length)];
        }, 1);
      }),
      { seed: 9, numRuns: 60 },
    );
  });
});

test('tanh is within two roundings of double precision over its whole range, at its ends and for NaN', async () => {
  await useBackend('wasm');
  const xs = Float32Array.from({ length: 40_001 }, (_, i) => (i - 20_000) / 1500);
  const special = [0, -0, 1e-30, -1e-30, 0.625, -0.625, 9.2, 50, -50, Infinity, -Infinity, NaN, 88, 1e38];
  const all = Float32Array.from([...xs, ...special]);
  const ys = tf.tidy(() => tf.tanh(tf.tensor1d(all)).dataSync());
  all.forEach((x, i) => {
    const exact = Math.tanh(x);
    if (Number.isNaN(exact)) expect(ys[i]).toBeNaN();
    else expect(Math.abs(ys[i]! - exact), `tanh(${x})`).toBeLessThanOrEqual(2 * 2 ** -23 * Math.abs(exact));
  });
  expect(Object.is(ys[xs.length + 1], -0)).toBe(true);
});
