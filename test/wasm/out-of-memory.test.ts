import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';

let undo: () => void = () => undefined;

beforeEach(() => useBackend('wasm'));
afterEach(() => undo());

interface Backend {
  readonly wasm: { _malloc(bytes: number): number };
}

const numbers = (shape: number[]): tf.Tensor => tf.randomUniform(shape, -1, 1, 'float32', 1);
const run = (name: string, inputs: Record<string, tf.Tensor>, attrs: object): tf.Tensor =>
  tf.engine().runKernel(name, inputs as never, attrs as never) as tf.Tensor;
const strided = { strides: [2, 2], pad: 'same', dataFormat: 'NHWC' };
const image = [2, 6, 6, 3];

/** Each with its inputs. */
const calls: Record<string, [number[][], (...inputs: tf.Tensor[]) => tf.Tensor]> = {
  'a product': [
    [
      [40, 30],
      [30, 20],
    ],
    (a, b) => tf.matMul(a, b),
  ],
  'a product with transposes': [
    [
      [30, 40],
      [20, 30],
    ],
    (a, b) => tf.matMul(a, b, true, true),
  ],
  'a convolution': [
    [image, [3, 3, 3, 4]],
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
  ],
  // By their kernels: tf.grad itself leaves its tape open where a kernel throws.
  'the gradient of its filter': [
    [image, [2, 3, 3, 4]],
    (x, dy) => run('Conv2DBackpropFilter', { x, dy }, { ...strided, filterShape: [3, 3, 3, 4] }),
  ],
  'the gradient of its input': [
    [
      [2, 3, 3, 4],
      [3, 3, 3, 4],
    ],
    (dy, filter) => run('Conv2DBackpropInput', { dy, filter }, { ...strided, inputShape: image }),
  ],
  'a depthwise convolution': [
    [image, [3, 3, 3, 1]],
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
  ],
  'the gradient of pooling': [
    [image, image, image],
    (dy, x, output) =>
      run('MaxPoolGrad', { dy, input: x, output }, { ...strided, strides: 1, filterSize: 2 }),
  ],
  'an einsum': [
    [
      [4, 5, 6],
      [6, 5, 3],
    ],
    (a, b) => tf.einsum('ijk,kjl->li', a, b),
  ],
  'a fused product': [
    [[8, 5], [5, 4], [4]],
    (a, b, bias) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias: bias!, activation: 'leakyrelu' }),
  ],
  tiling: [[[3, 4]], (x) => tf.tile(x, [3, 2])],
};

test.each(Object.entries(calls))(
  'memory that is used up in mid-kernel leaves nothing of %s behind',
  async (_, [shapes, f]) => {
    const inputs = shapes.map(numbers);
    let failures = 0;
    for (let allowed = 0; allowed < 50; allowed++) {
      // Without scratch from the calls before.
      undo = await registerWasmTrainingKernels();
      const { wasm } = tf.backend() as unknown as Backend;
      const before = [tf.backend().numDataIds(), tf.memory().numTensors];
      const malloc = wasm._malloc;
      let left = allowed;
      wasm._malloc = (bytes) => {
        if (left-- <= 0) throw new RangeError('out of memory');
        return malloc(bytes);
      };
      let hasFailed = false;
      try {
        tf.tidy(() => void f(...inputs));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        hasFailed = true;
      } finally {
        wasm._malloc = malloc;
      }
      expect([tf.backend().numDataIds(), tf.memory().numTensors], `after ${allowed} allocations`).toEqual(
        before,
      );
      undo();
      if (!hasFailed) break;
      failures++;
    }
    expect(failures).toBeGreaterThan(0);
    expect(failures).toBeLessThan(50);
    tf.dispose(inputs);
  },
);
