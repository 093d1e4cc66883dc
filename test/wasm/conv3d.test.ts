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

type Five = [number, number, number, number, number];
interface Case {
  x: Five;
  filter: Five;
  strides: [number, number, number];
  pad: 'same' | 'valid';
}

function valueAndGradients({ x, filter, strides, pad }: Case): tf.Tensor[] {
  const conv = (a: tf.Tensor, b: tf.Tensor) => tf.conv3d(a as tf.Tensor5D, b as tf.Tensor5D, strides, pad);
  const [input, w] = [sample(x, 1), sample(filter, 2)];
  const y = conv(input, w);
  return [y, ...tf.grads(conv)([input, w], sample(y.shape, 3) as tf.Tensor5D)];
}

const terms = ({ x, filter }: Case) =>
  Math.max(
    x[0] * x[1] * x[2] * x[3],
    filter.reduce((product, size) => product * size),
  );

const table: Case[] = [
  { x: [2, 4, 5, 6, 3], filter: [3, 3, 3, 3, 5], strides: [1, 1, 1], pad: 'same' },
  { x: [2, 5, 6, 5, 2], filter: [2, 3, 2, 2, 8], strides: [1, 1, 1], pad: 'valid' },
  { x: [1, 6, 7, 8, 4], filter: [3, 3, 3, 4, 4], strides: [2, 2, 2], pad: 'same' },
  { x: [1, 7, 6, 9, 1], filter: [2, 2, 2, 1, 3], strides: [3, 3, 3], pad: 'valid' },
  { x: [1, 4, 4, 4, 8], filter: [1, 1, 1, 8, 8], strides: [1, 1, 1], pad: 'same' },
];

describe('3-D convolution and both gradients agree with cpu', () => {
  test.each(table)('%o', async (c) => expectSame(() => valueAndGradients(c), terms(c)));

  test('over random shapes', async () => {
    const side = fc.integer({ min: 3, max: 6 });
    const taps = fc.integer({ min: 1, max: 3 });
    const channels = fc.integer({ min: 1, max: 5 });
    const arbitrary = fc.record({
      x: fc.tuple(fc.integer({ min: 1, max: 2 }), side, side, side, channels),
      kernel: fc.tuple(taps, taps, taps),
      filters: fc.integer({ min: 1, max: 9 }),
      stride: fc.integer({ min: 1, max: 2 }),
      pad: fc.constantFrom('same' as const, 'valid' as const),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ x, kernel, filters, stride, pad }) => {
        const c: Case = { x, filter: [...kernel, x[4], filters], strides: [stride, stride, stride], pad };
        await expectSame(() => valueAndGradients(c), terms(c));
      }),
      { seed: 4, numRuns: 20 },
    );
  });
});
