import * as tf from '@tensorflow/tfjs-core';
import { setFlagsFromString } from 'node:v8';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { instantiate } from '../../src/wasm/module.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

// Node 20 has relaxed SIMD behind this flag; newer ones always, and do not mind it.
setFlagsFromString('--experimental-wasm-relaxed-simd');

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

test('the binary with fused multiply-add is taken where the engine has it', async () => {
  const compiled = await instantiate(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
  expect(compiled?.instructions).toBe('relaxed-simd');
});

describe('with fused multiply-add the kernels agree with cpu', () => {
  test('matMul', async () =>
    expectSame(
      () =>
        [false, true].flatMap((ta) =>
          [false, true].map((tb) =>
            tf.matMul(sample(ta ? [500, 13] : [13, 500], 1), sample(tb ? [21, 500] : [500, 21], 2), ta, tb),
          ),
        ),
      500,
    ));

  test.each([
    { channels: 1, filters: 40, stride: 1 },
    { channels: 2, filters: 3, stride: 1 },
    { channels: 3, filters: 5, stride: 1 },
    { channels: 4, filters: 1, stride: 1 },
    { channels: 8, filters: 16, stride: 1 },
    { channels: 6, filters: 9, stride: 2 },
  ])('convolution and both gradients: %o', async ({ channels, filters, stride }) =>
    expectSame(() => {
      const conv = (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'same');
      const [x, w] = [sample([2, 11, 10, channels], 1), sample([3, 3, channels, filters], 2)];
      const y = conv(x, w);
      return [y, ...tf.grads(conv)([x, w], sample(y.shape, 3) as tf.Tensor4D)];
    }, 220 * channels),
  );

  test('depthwise gradients', async () =>
    expectSame(() => {
      const conv = (x: tf.Tensor, w: tf.Tensor) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
      const [x, w] = [sample([2, 9, 8, 5], 1), sample([3, 3, 5, 2], 2)];
      return tf.grads(conv)([x, w], sample(conv(x, w).shape, 3) as tf.Tensor4D);
    }, 144));
});
