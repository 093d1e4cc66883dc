import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import { expectSame, sample } from './compare.js';

beforeAll(async () => {
  await useBackend('wasm');
  return registerWasmTrainingKernels();
});

type Four = tf.Tensor4D;
const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;

/** Biases that broadcast: none, one number for all, one for each channel; and one number as one channel. */
const biases: (number[] | undefined)[] = [undefined, [], [5], [1]];

describe('fused ops agree with cpu', () => {
  test.each(
    activations.flatMap((activation) =>
      (['NHWC', 'NCHW'] as const).map((format) => ({ activation, format })),
    ),
  )('conv2d, $format, $activation', async ({ activation, format }) => {
    // With channels first tfjs checks an alpha of three axes against a shape of its own making.
    const alphas = format === 'NCHW' ? [[], [5]] : [[], [5], [7, 6, 5]];
    await expectSame(
      () =>
        biases.flatMap((bias) =>
          (activation === 'prelu' ? alphas : [undefined]).map((alpha) =>
            tf.fused.conv2d({
              x: sample(format === 'NCHW' ? [2, 3, 7, 6] : [2, 7, 6, 3], 1) as Four,
              filter: sample([3, 2, 3, 5], 2) as Four,
              strides: 1,
              pad: 'same',
              dataFormat: format,
              bias: bias && sample(bias, 3),
              activation,
              preluActivationWeights: alpha && sample(alpha, 4),
              leakyreluAlpha: 0.3,
            }),
          ),
        ),
      18,
    );
  });

  test.each(activations)('depthwiseConv2d, %s', async (activation) => {
    await expectSame(
      () =>
        [...biases, [1, 7, 6, 5]].map((bias) =>
          tf.fused.depthwiseConv2d({
            x: sample([2, 7, 6, 5], 1) as Four,
            filter: sample([3, 2, 5, 1], 2) as Four,
            strides: 1,
            pad: 'same',
            bias: bias && sample(bias, 3),
            activation,
            preluActivationWeights: activation === 'prelu' ? sample([5], 4) : undefined,
            leakyreluAlpha: 0.3,
          }),
        ),
      6,
    );
  });

  test('a bias that is larger than the output is refused', async () => {
    await useBackend('wasm');
    const [x, filter, bias] = [sample([1, 3, 3, 2], 1), sample([1, 1, 2, 1], 2), sample([3], 3)];
    const attrs = { strides: 1, pad: 'valid', dataFormat: 'NHWC', dilations: 1, activation: 'linear' };
    expect(() => tf.engine().runKernel('FusedConv2D', { x, filter, bias }, attrs as tf.NamedAttrMap)).toThrow(
      /a bias of shape \[3\] does not fit an output of \[1,3,3,1\]/,
    );
    tf.dispose([x, filter, bias]);
  });

  test('channels first has no meaning for a depthwise convolution in tfjs: refused', async () => {
    await useBackend('wasm');
    const [x, filter] = [sample([1, 2, 3, 3], 1) as Four, sample([2, 2, 2, 1], 2) as Four];
    expect(() => tf.depthwiseConv2d(x, filter, 1, 'valid', 'NCHW')).toThrow(/only the data format NHWC/);
    tf.dispose([x, filter]);
  });
});

describe('prelu broadcasts as on cpu', () => {
  test.each([
    [[]],
    [[5]],
    [[4, 5]],
    [[4, 1]],
    [[3, 1, 1]],
    [[3, 1, 5]],
    [[1, 4, 1]],
    [[2, 3, 4, 5]],
    [[2, 1, 4, 1]],
  ])('alpha of shape %j', async (shape) =>
    expectSame(() => {
      const f = (x: tf.Tensor) => tf.prelu(x, sample(shape, 2));
      return [f(sample([2, 3, 4, 5], 1))];
    }, 1),
  );
});

describe('clipByValue agrees with cpu', () => {
  test.each([
    [-0.5, 0.25],
    [0.25, 0.25],
    [0.5, -0.5],
    [-Infinity, 0],
  ])('between %d and %d', async (low, high) =>
    expectSame(() => {
      const run = (x: tf.Tensor) =>
        tf.engine().runKernel('ClipByValue', { x }, { clipValueMin: low, clipValueMax: high }) as tf.Tensor;
      return [1, 4, 6, 11].map((n) =>
        run(tf.div(sample([n], n), tf.tensor1d([1, 0, 2].concat(Array(n).fill(1)).slice(0, n)))),
      );
    }, 1),
  );

  test('NaN stays NaN', async () => {
    await useBackend('wasm');
    const [x, y] = tf.tidy(() => [
      tf.tensor1d([NaN, -2, 2, 0, NaN]),
      tf.clipByValue(tf.tensor1d([NaN, -2, 2, 0, NaN]), -1, 1),
    ]) as [tf.Tensor, tf.Tensor];
    expect([...y.dataSync()]).toEqual([NaN, -1, 1, 0, NaN]);
    tf.dispose([x, y]);
  });
});

describe('an output gradient larger than the output counts with its beginning, as on cpu', () => {
  test("conv2dTranspose of 8 × 8 for 4 × 4 'same'", async () =>
    expectSame(() => {
      const [x, filter] = [sample([1, 8, 8, 2], 1) as Four, sample([3, 3, 2, 2], 2) as Four];
      return [tf.conv2dTranspose(x, filter, [1, 4, 4, 2], 1, 'same')];
    }, 18));

  test.each(['NHWC', 'NCHW'] as const)('both gradients of conv2d, %s', async (dataFormat) =>
    expectSame(() => {
      const shape = (side: number, channels: number) =>
        dataFormat === 'NHWC' ? [2, side, side, channels] : [2, channels, side, side];
      const [x, dy, filter] = [sample(shape(5, 2), 1), sample(shape(7, 3), 2), sample([3, 3, 2, 3], 3)];
      const run = (name: string, inputs: tf.NamedTensorMap, extra: object) =>
        tf.engine().runKernel(name, inputs, {
          strides: 1,
          pad: 'valid',
          dataFormat,
          ...extra,
        } as tf.NamedAttrMap) as tf.Tensor;
      return [
        run('Conv2DBackpropFilter', { x, dy }, { filterShape: filter.shape }),
        run('Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape }),
      ];
    }, 50),
  );

  test('conv3dTranspose', async () =>
    expectSame(() => {
      const [x, filter] = [
        sample([1, 5, 6, 5, 2], 1) as tf.Tensor5D,
        sample([2, 3, 2, 2, 2], 2) as tf.Tensor5D,
      ];
      return [tf.conv3dTranspose(x, filter, [1, 4, 4, 4, 2], 1, 'same')];
    }, 24));

  test('a smaller one is refused', async () => {
    await useBackend('wasm');
    const [x, filter] = [sample([1, 3, 4, 2], 1) as Four, sample([3, 3, 2, 2], 2) as Four];
    expect(() => tf.conv2dTranspose(x, filter, [1, 4, 4, 2], 1, 'same')).toThrow(
      /dy of shape \[1,3,4,2\] does not fit an output of \[1,4,4,2\]/,
    );
    tf.dispose([x, filter]);
  });
});
