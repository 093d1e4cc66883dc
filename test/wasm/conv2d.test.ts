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
  stride?: number;
  dilation?: number;
  pad: 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
}

function forward({ x, filter, stride = 1, dilation = 1, pad }: Case): tf.Tensor[] {
  return [
    tf.conv2d(sample(x, 1) as tf.Tensor4D, sample(filter, 2) as tf.Tensor4D, stride, pad, 'NHWC', dilation),
  ];
}

const terms = ({ filter }: Case) => filter[0] * filter[1] * filter[2];

const table: Case[] = [
  { x: [2, 9, 8, 3], filter: [3, 3, 3, 5], pad: 'same' },
  { x: [2, 9, 8, 8], filter: [3, 3, 8, 16], pad: 'same' },
  { x: [2, 11, 9, 16], filter: [3, 3, 16, 8], pad: 'valid' },
  { x: [2, 9, 9, 8], filter: [3, 3, 8, 8], stride: 2, pad: 'same' },
  { x: [2, 12, 11, 8], filter: [3, 3, 8, 8], dilation: 2, pad: 'same' },
  { x: [1, 12, 11, 2], filter: [2, 3, 2, 7], dilation: 3, pad: 'valid' },
  { x: [3, 5, 5, 9], filter: [1, 1, 9, 13], pad: 'valid' },
  { x: [3, 5, 7, 9], filter: [1, 1, 9, 13], stride: 3, pad: 'valid' },
  { x: [1, 7, 7, 4], filter: [5, 5, 4, 4], pad: 3 },
  { x: [0, 7, 7, 4], filter: [3, 3, 4, 4], pad: 'same' },
  // Few filters: more channels than are summed at a time, several bands, a window wider than the image.
  { x: [2, 9, 8, 5], filter: [3, 3, 5, 1], pad: 'same' },
  { x: [3, 7, 9, 70], filter: [3, 2, 70, 3], pad: 'valid' },
  { x: [2, 60, 41, 70], filter: [3, 3, 70, 2], pad: 2 },
  { x: [1, 40, 9, 33], filter: [5, 3, 33, 4], dilation: 4, pad: 'same' },
  { x: [2, 2, 3, 3], filter: [3, 5, 3, 3], dilation: 3, pad: 'same' },
];

describe('conv2d agrees with cpu', () => {
  test.each(table)('%o', async (c) => expectSame(() => forward(c), terms(c)));

  test('over random shapes', async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const arbitrary = fc.record({
      x: fc.tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 5, max: 16 }),
        fc.integer({ min: 5, max: 16 }),
        size,
      ),
      kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
      filters: fc.integer({ min: 1, max: 20 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom('same' as const, 'valid' as const),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ x, kernel, filters, stride, pad }) => {
        const c: Case = { x, filter: [...kernel, x[3], filters], stride, pad };
        await expectSame(() => forward(c), terms(c));
      }),
      { seed: 9, numRuns: 30 },
    );
  });

  test('with few filters over random shapes, pads and dilations', async () => {
    const small = fc.integer({ min: 1, max: 4 });
    const side = fc.integer({ min: 1, max: 20 });
    const pads = fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 }));
    const arbitrary = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      sides: fc.tuple(side, side),
      channels: fc.integer({ min: 1, max: 40 }),
      kernel: fc.tuple(small, small),
      filters: small,
      dilation: fc.integer({ min: 1, max: 3 }),
      pad: fc.tuple(pads, pads),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ batch, sides, channels, kernel, filters, dilation, pad }) => {
        const fits = ([0, 1] as const).every(
          (i) => sides[i] + pad[i][0] + pad[i][1] > (kernel[i] - 1) * dilation,
        );
        fc.pre(fits);
        const c: Case = {
          x: [batch, ...sides, channels],
          filter: [...kernel, channels, filters],
          dilation,
          pad: [[0, 0], ...pad, [0, 0]],
        };
        await expectSame(() => forward(c), terms(c));
      }),
      { seed: 10, numRuns: 40 },
    );
  });

  test('with channels first, which stock wasm refuses', async () => {
    for (const channels of [3, 8]) {
      await expectSame(() => {
        const [x, w] = [sample([2, channels, 7, 9], 1), sample([3, 3, channels, 8], 2)] as [
          tf.Tensor4D,
          tf.Tensor4D,
        ];
        return [tf.conv2d(x, w, 1, 'same', 'NCHW')];
      }, 9 * channels);
    }
  });
});

describe('fused conv2d', () => {
  test.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const)(
    '%s agrees with cpu, with and without a bias',
    async (activation) => {
      for (const filters of [5, 8]) {
        await expectSame(
          () =>
            [sample([filters], 3), undefined].map((bias) =>
              tf.fused.conv2d({
                x: sample([2, 7, 6, 8], 1) as tf.Tensor4D,
                filter: sample([3, 3, 8, filters], 2) as tf.Tensor4D,
                strides: 1,
                pad: 'same',
                bias,
                activation,
                preluActivationWeights: activation === 'prelu' ? sample([filters], 4) : undefined,
                leakyreluAlpha: 0.3,
              }),
            ),
          72,
        );
      }
    },
  );
});

test("Winograd's transforms keep float32 accuracy: 64 channels against a double-precision sum", async () => {
  await useBackend('wasm');
  const [x, w] = [sample([1, 6, 6, 64], 1), sample([3, 3, 64, 8], 2)] as [tf.Tensor4D, tf.Tensor4D];
  const y = tf.conv2d(x, w, 1, 'valid');
  const [xs, ws, ys] = [x.dataSync(), w.dataSync(), y.dataSync()];
  tf.dispose([x, w, y]);
  let worst = 0;
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      for (let o = 0; o < 8; o++) {
        let exact = 0;
        let size = 0;
        for (let r = 0; r < 3; r++) {
          for (let s = 0; s < 3; s++) {
            for (let c = 0; c < 64; c++) {
              const term = xs[((i + r) * 6 + j + s) * 64 + c]! * ws[((r * 3 + s) * 64 + c) * 8 + o]!;
              exact += term;
              size += Math.abs(term);
            }
          }
        }
        worst = Math.max(worst, Math.abs(ys[(i * 4 + j) * 8 + o]! - exact) / size);
      }
    }
  }
  // Relative to the sum of magnitudes a direct float32 sum of 576 terms stays under √576 ε = 1.4e-6; the transforms
  // add a few roundings of numbers at most 4 times as large.
  expect(worst).toBeLessThan(1.4e-6);
});
