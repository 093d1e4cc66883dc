import fc from 'fast-check';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

interface Case {
  x: [number, number, number, number];
  kernel: [number, number];
  multiplier: number;
  strides: [number, number];
  pad: 'same' | 'valid' | number;
}

function gradients({ x, kernel, multiplier, strides, pad }: Case): tf.Tensor[] {
  const conv = (a: tf.Tensor, b: tf.Tensor) =>
    tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad);
  const [input, filter] = [sample(x, 1), sample([...kernel, x[3], multiplier], 2)];
  const y = conv(input, filter);
  return tf.grads(conv)([input, filter], sample(y.shape, 3) as tf.Tensor4D);
}

const terms = ({ x, kernel, multiplier }: Case) =>
  Math.max(x[0] * x[1] * x[2], kernel[0] * kernel[1] * multiplier);

const table: Case[] = [
  { x: [2, 8, 8, 4], kernel: [3, 3], multiplier: 1, strides: [1, 1], pad: 'same' },
  { x: [2, 7, 9, 3], kernel: [3, 3], multiplier: 2, strides: [1, 1], pad: 'valid' },
  { x: [1, 9, 8, 5], kernel: [4, 2], multiplier: 3, strides: [2, 2], pad: 'same' },
  { x: [2, 9, 9, 9], kernel: [2, 2], multiplier: 1, strides: [3, 3], pad: 'valid' },
  { x: [2, 6, 6, 2], kernel: [3, 3], multiplier: 1, strides: [1, 1], pad: 1 },
];

describe('gradients of a depthwise convolution agree with cpu', () => {
  test.each(table)('%o', async (c) => expectSame(() => gradients(c), terms(c)));

  test('over random shapes', async () => {
    const arbitrary = fc.record({
      x: fc.tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 4, max: 12 }),
        fc.integer({ min: 4, max: 12 }),
        fc.integer({ min: 1, max: 9 }),
      ),
      kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      multiplier: fc.integer({ min: 1, max: 3 }),
      strides: fc.integer({ min: 1, max: 3 }).map((s): [number, number] => [s, s]),
      pad: fc.constantFrom('same' as const, 'valid' as const),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async (c) => expectSame(() => gradients(c), terms(c))),
      { seed: 11, numRuns: 30 },
    );
  });
});
