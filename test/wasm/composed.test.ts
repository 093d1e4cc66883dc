import fc from 'fast-check';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { einsumError, randomEquations } from '../naive-einsum.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

describe('unsortedSegmentSum', () => {
  test.each([
    { shape: [7], segments: 3 },
    { shape: [9, 5], segments: 4 },
    { shape: [12, 2, 3], segments: 20 },
    { shape: [0, 4], segments: 2 },
  ])('agrees with cpu, ids outside the range left out: %o', async ({ shape, segments }) =>
    expectSame(() => {
      const rows = shape[0] as number;
      const ids = tf.tensor1d(
        Array.from({ length: rows }, (_, i) => ((i * 7) % (segments + 2)) - 1),
        'int32',
      );
      return [tf.unsortedSegmentSum(sample(shape, 1), ids, segments)];
    }, shape[0] as number),
  );

  test('of integers is float32, as on cpu', async () =>
    expectSame(() => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2], 'int32');
      return [tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], 'int32'), 2)];
    }, 1));

  test('is the gradient of an embedding', async () =>
    expectSame(() => {
      const ids = tf.tensor2d([3, 1, 3, 0, 2, 3], [2, 3], 'int32');
      const f = (table: tf.Tensor) => tf.gather(table, ids);
      return [tf.grad(f)(sample([5, 4], 1), sample([2, 3, 4], 2))];
    }, 3));
});

describe('einsum agrees with cpu', () => {
  test.each([
    {
      equation: 'ij,jk->ik',
      shapes: [
        [3, 4],
        [4, 5],
      ],
    },
    {
      equation: 'ij,kj->ki',
      shapes: [
        [3, 4],
        [5, 4],
      ],
    },
    {
      equation: 'bij,bjk->bik',
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
      ],
    },
    {
      equation: 'abc,abd->adc',
      shapes: [
        [2, 3, 4],
        [2, 3, 5],
      ],
    },
    {
      equation: 'abcd,aecd->acbe',
      shapes: [
        [2, 3, 4, 5],
        [2, 6, 4, 5],
      ],
    },
    {
      equation: 'abc,cde->abde',
      shapes: [
        [2, 3, 4],
        [4, 5, 6],
      ],
    },
    { equation: 'i,i->', shapes: [[6], [6]] },
    { equation: 'i,j->ij', shapes: [[4], [3]] },
    {
      equation: 'ij,ij->ij',
      shapes: [
        [4, 3],
        [4, 3],
      ],
    },
    { equation: 'ij->ji', shapes: [[4, 3]] },
    { equation: 'ij->i', shapes: [[4, 3]] },
    { equation: 'ij,j->i', shapes: [[4, 3], [3]] },
    { equation: 'ijk,j->ki', shapes: [[4, 3, 5], [3]] },
  ])('$equation', async ({ equation, shapes }) =>
    expectSame(() => [tf.einsum(equation, ...shapes.map((shape, i) => sample(shape, i + 1)))], 20),
  );
});

test('einsum and its derivatives agree with the definition, for random equations', async () => {
  await useBackend('wasm');
  // Sums of at most 24 products in float32.
  const wrong = randomEquations(300).filter((equation) => !(einsumError(equation) < 1e-5));
  expect(wrong).toEqual([]);
});

describe('sum agrees with cpu', () => {
  test.each([
    { shape: [500, 32], axis: 0 },
    { shape: [6, 7, 8, 37], axis: [0, 1, 2] },
    { shape: [300, 3], axis: [0] },
    { shape: [5, 300], axis: 1 },
    { shape: [4, 50, 6], axis: 1 },
    { shape: [4, 1, 6], axis: [1] },
    { shape: [4, 5, 6], axis: [0, 2] },
    { shape: [4, 1, 6], axis: [0, 1] },
    { shape: [4, 1, 6], axis: [2, 1] },
    { shape: [20, 30], axis: undefined },
    { shape: [0, 3], axis: 0 },
    { shape: [3, 0], axis: 1 },
    { shape: [], axis: undefined },
  ])('%o', async ({ shape, axis }) =>
    expectSame(() => {
      const x = sample(shape, 1);
      return [tf.sum(x, axis), tf.sum(x, axis, true), tf.sum(tf.cast(tf.mul(x, 8), 'int32'), axis)];
    }, tf.util.sizeFromShape(shape)),
  );

  test('does not lose small terms: 16 million and one tenths', async () => {
    await useBackend('wasm');
    // One running float32 sum would stop growing at 2²⁴ · 0.1 / 2; the chunked one is right to 1e-6.
    const x = tf.fill([1 << 24], 0.1);
    const total = tf.sum(x).dataSync()[0] as number;
    x.dispose();
    expect(Math.abs(total / (Math.fround(0.1) * 2 ** 24) - 1)).toBeLessThan(1e-6);
  });
});

describe('fused matMul', () => {
  const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
  test.each(activations)('%s agrees with cpu, with and without a bias and transposes', async (activation) => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.boolean(), fc.boolean(), async (transposeA, transposeB, withBias) =>
        expectSame(() => {
          // The inner size is above 48, from where stock adds a bias more than once.
          const a = sample(transposeA ? [100, 6] : [6, 100], 1) as tf.Tensor2D;
          const b = sample(transposeB ? [9, 100] : [100, 9], 2) as tf.Tensor2D;
          return [
            tf.fused.matMul({
              a,
              b,
              transposeA,
              transposeB,
              activation,
              bias: withBias ? sample([9], 3) : undefined,
              preluActivationWeights: activation === 'prelu' ? sample([9], 4) : undefined,
              leakyreluAlpha: 0.3,
            }),
          ];
        }, 100),
      ),
      { seed: 2, numRuns: 8 },
    );
  });
});

describe('identity and cast', () => {
  test('share data without a copy and outlive the original', async () => {
    await useBackend('wasm');
    const x = tf.tensor1d([1, 2, 3]);
    const buffers = tf.memory().numDataBuffers;
    const copies = [tf.clone(x), tf.cast(x, 'float32')];
    expect(tf.memory().numDataBuffers).toBe(buffers);
    x.dispose();
    for (const copy of copies) expect([...copy.dataSync()]).toEqual([1, 2, 3]);
    tf.dispose(copies);
    expect(tf.memory().numDataBuffers).toBe(buffers - 1);
  });

  test('casts between types agree with cpu', async () =>
    expectSame(() => {
      const x = tf.mul(sample([13], 1), 4);
      const int = tf.cast(x, 'int32');
      return [int, tf.cast(int, 'float32'), tf.cast(tf.cast(x, 'bool'), 'float32')];
    }, 1));
});

describe('add, subtract and multiply agree with cpu', () => {
  test.each<[number[], number[]]>([
    [
      [5, 7],
      [5, 7],
    ],
    [[6, 5, 9], [9]],
    [[9], [6, 5, 9]],
    [
      [6, 5, 9],
      [5, 9],
    ],
    [[6, 5, 2], [2]],
    [
      [6, 5, 9],
      [6, 1, 9],
    ],
    [
      [6, 1],
      [1, 7],
    ],
    [[5, 5], []],
    [[], [7, 3]],
    [[1], [2, 9]],
    [[6, 3], [1]],
    [[], []],
    [[0, 4], [4]],
    [
      [3, 4],
      [1, 4],
    ],
  ])('%j and %j', async (left, right) =>
    expectSame(() => {
      const [a, b] = [sample(left, 1), sample(right, 2)];
      return [tf.add(a, b), tf.sub(a, b), tf.mul(a, b), tf.mul(tf.cast(tf.mul(a, 8), 'int32'), 3)];
    }, 1),
  );
});
