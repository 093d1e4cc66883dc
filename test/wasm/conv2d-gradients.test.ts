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
  x: [number, number, number, number];
  filter: [number, number, number, number];
  strides: [number, number];
  pad: 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
  format?: 'NHWC' | 'NCHW';
}

/** Both gradients of a convolution, from the kernels' own names: they exist for each format on cpu. */
function gradients({ x, filter, strides, pad, format = 'NHWC' }: Case): tf.Tensor[] {
  const info = tf.backend_util.computeConv2DInfo(
    x,
    filter,
    strides,
    1,
    pad,
    undefined,
    false,
    format === 'NHWC' ? 'channelsLast' : 'channelsFirst',
  );
  const dy = sample(info.outShape, 3);
  const attrs = { strides, pad, dataFormat: format };
  const run = (name: string, inputs: tf.NamedTensorMap, extra: object) =>
    tf.engine().runKernel(name, inputs, { ...attrs, ...extra } as tf.NamedAttrMap) as tf.Tensor;
  return [
    run('Conv2DBackpropFilter', { x: sample(x, 1), dy }, { filterShape: filter }),
    run('Conv2DBackpropInput', { dy, filter: sample(filter, 2) }, { inputShape: x }),
  ];
}

/** The most products in one element: over all places for the filter, over taps and filters for the input. */
const terms = (c: Case) =>
  Math.max(
    c.x[0] * c.x[1] * c.x[2] * c.x[3],
    c.filter.reduce((a, b) => a * b),
  );

const table: Case[] = [
  { x: [2, 8, 8, 4], filter: [3, 3, 4, 8], strides: [1, 1], pad: 'same' },
  { x: [2, 8, 8, 4], filter: [3, 3, 4, 8], strides: [1, 1], pad: 'valid' },
  { x: [3, 7, 9, 3], filter: [3, 2, 3, 5], strides: [1, 1], pad: 'same' },
  { x: [1, 9, 7, 5], filter: [3, 3, 5, 9], strides: [2, 2], pad: 'same' },
  { x: [2, 9, 8, 1], filter: [4, 4, 1, 1], strides: [2, 3], pad: 'valid' },
  { x: [2, 6, 6, 7], filter: [1, 1, 7, 13], strides: [1, 1], pad: 'valid' },
  { x: [2, 7, 7, 2], filter: [1, 1, 2, 3], strides: [3, 2], pad: 'valid' },
  { x: [2, 5, 5, 2], filter: [5, 5, 2, 3], strides: [1, 1], pad: 2 },
  {
    x: [2, 6, 5, 3],
    filter: [3, 3, 3, 4],
    strides: [2, 1],
    pad: [
      [0, 0],
      [2, 0],
      [1, 3],
      [0, 0],
    ],
  },
  { x: [1, 40, 90, 3], filter: [5, 3, 3, 6], strides: [1, 1], pad: 'same' },
  // Winograd's F(2 × 2, 3 × 3): even and odd sizes, edges of every kind, blocks of tiles that end inside an image.
  { x: [2, 8, 8, 8], filter: [3, 3, 8, 16], strides: [1, 1], pad: 'same' },
  { x: [3, 11, 9, 16], filter: [3, 3, 16, 8], strides: [1, 1], pad: 'same' },
  { x: [5, 15, 15, 8], filter: [3, 3, 8, 8], strides: [1, 1], pad: 'valid' },
  { x: [2, 6, 7, 24], filter: [3, 3, 24, 40], strides: [1, 1], pad: 3 },
  {
    x: [1, 9, 12, 8],
    filter: [3, 3, 8, 8],
    strides: [1, 1],
    pad: [
      [0, 0],
      [0, 4],
      [3, 0],
      [0, 0],
    ],
  },
  // Few channels: more filters than are summed at a time, several bands, strides with and without taps for each input.
  { x: [2, 9, 10, 1], filter: [3, 3, 1, 40], strides: [1, 1], pad: 'same' },
  { x: [1, 60, 41, 2], filter: [3, 3, 2, 70], strides: [1, 1], pad: 'same' },
  { x: [1, 33, 30, 3], filter: [7, 7, 3, 36], strides: [2, 2], pad: 'same' },
  { x: [2, 13, 11, 4], filter: [2, 3, 4, 9], strides: [3, 1], pad: 'valid' },
  { x: [0, 6, 6, 3], filter: [3, 3, 3, 4], strides: [1, 1], pad: 'same' },
  { x: [2, 4, 8, 8], filter: [3, 3, 4, 8], strides: [1, 1], pad: 'same', format: 'NCHW' },
  { x: [2, 3, 7, 9], filter: [2, 3, 3, 5], strides: [2, 2], pad: 'valid', format: 'NCHW' },
];

describe('gradients of a 2-D convolution agree with cpu', () => {
  test.each(table)('%o', async (c) => expectSame(() => gradients(c), terms(c)));

  test('over random shapes, strides and pads', async () => {
    const size = fc.integer({ min: 1, max: 11 });
    const side = fc.integer({ min: 5, max: 17 });
    const taps = fc.integer({ min: 1, max: 5 });
    const stride = fc.integer({ min: 1, max: 3 });
    const arbitrary = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      height: side,
      width: side,
      channels: size,
      filters: fc.integer({ min: 1, max: 19 }),
      kernel: fc.tuple(taps, taps),
      strides: fc.tuple(stride, stride),
      pad: fc.constantFrom('same' as const, 'valid' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        arbitrary,
        async ({ batch, height, width, channels, filters, kernel, strides, pad }) => {
          const c: Case = {
            x: [batch, height, width, channels],
            filter: [...kernel, channels, filters],
            strides,
            pad,
          };
          await expectSame(() => gradients(c), terms(c));
        },
      ),
      { seed: 3, numRuns: 40 },
    );
  });
});

describe('dilated convolutions, whose gradients tfjs does not define', () => {
  test.each([
    { stride: 1, dilation: 2, pad: 'same' as const },
    { stride: 1, dilation: 3, pad: 'valid' as const },
    { stride: 2, dilation: 3, pad: 'valid' as const },
    { stride: 3, dilation: 2, pad: 'same' as const },
  ])(
    'the adjoint identity <dy, conv(x, w)> = <dx, x> = <dw, w> holds: %o',
    async ({ stride, dilation, pad }) => {
      await useBackend('wasm');
      const [inner, viaInput, viaFilter] = tf.tidy(() => {
        const [x, w] = [sample([2, 13, 12, 3], 1) as tf.Tensor4D, sample([3, 2, 3, 5], 2) as tf.Tensor4D];
        // The forward pass has no stride beside its dilation in tfjs: take every stride-th place of the dense one.
        const info = tf.backend_util.computeConv2DInfo([2, 13, 12, 3], [3, 2, 3, 5], stride, dilation, pad);
        const { top, bottom, left, right } = info.padInfo;
        const padded = tf.pad(x, [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]);
        const dense = tf.conv2d(padded as tf.Tensor4D, w, 1, 'valid', 'NHWC', dilation);
        const y = tf.stridedSlice(dense, [0, 0, 0, 0], dense.shape, [1, stride, stride, 1]);
        expect(y.shape).toEqual(info.outShape);
        const dy = sample(info.outShape, 3);
        const attrs = { strides: stride, pad, dataFormat: 'NHWC', dilations: dilation };
        const dx = tf.engine().runKernel('Conv2DBackpropInput', { dy, filter: w }, {
          ...attrs,
          inputShape: x.shape,
        } as tf.NamedAttrMap) as tf.Tensor;
        const dw = tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, {
          ...attrs,
          filterShape: w.shape,
        } as tf.NamedAttrMap) as tf.Tensor;
        return [tf.sum(tf.mul(y, dy)), tf.sum(tf.mul(dx, x)), tf.sum(tf.mul(dw, w))].map(
          (t) => t.dataSync()[0],
        );
      });
      // Three float32 sums of some 1000 products of order 1, each rounded 1000 times: 1000 · 2⁻²⁴ relative to √1000.
      expect(Math.abs((viaInput as number) - (inner as number))).toBeLessThan(2e-3);
      expect(Math.abs((viaFilter as number) - (inner as number))).toBeLessThan(2e-3);
      expect(Math.abs(inner as number)).toBeGreaterThan(0.1);
    },
  );
});
