import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { distinct, negative, type OpCase, smooth } from '../op-case.js';

const as4D = (x: Tensor | undefined): tf.Tensor4D => x as tf.Tensor4D;
const as5D = (x: Tensor | undefined): tf.Tensor5D => x as tf.Tensor5D;

const resizes = [
  { setting: 'enlarged', size: [5, 4], alignCorners: false, halfPixelCenters: false },
  { setting: 'corners aligned', size: [5, 7], alignCorners: true, halfPixelCenters: false },
  { setting: 'half-pixel centers', size: [6, 4], alignCorners: false, halfPixelCenters: true },
  { setting: 'shrunk', size: [2, 1], alignCorners: false, halfPixelCenters: false },
] as { setting: string; size: [number, number]; alignCorners: boolean; halfPixelCenters: boolean }[];

const backward =
  (kernel: string, forward: (x: Tensor) => Tensor, filterSize: number[]) =>
  (dy: Tensor | undefined, x: Tensor | undefined): Tensor =>
    tf
      .engine()
      .runKernel(
        kernel,
        { dy: dy!, input: x!, output: forward(x!) },
        { filterSize, strides: filterSize, pad: 'valid' },
      );

/** Pads, strides and still the same size: TensorFlow.js returns the image itself. Truth, as stock WASM has it wrong. */
const returned = (['MaxPool', 'AvgPool'] as const).map((kernel): OpCase => {
  const pool = kernel === 'MaxPool' ? tf.maxPool : tf.avgPool;
  return {
    kernel,
    setting: 'windows of one cell, an image of the same size',
    inputs: [distinct(1, 2, 2, 3)],
    op: (x) => tf.square(pool(as4D(x), 1, 2, 1)),
    truth: (x) => tf.square(x!),
  };
});

export const poolingCases: readonly OpCase[] = [
  ...returned,
  {
    kernel: 'MaxPoolGrad',
    setting: 'as a GPU runs it',
    inputs: [smooth(1, 2, 2, 1), distinct(1, 4, 4, 1)],
    op: backward('MaxPoolGrad', (x) => tf.maxPool(as4D(x), 2, 2, 'valid'), [2, 2]),
    backends: ['cpu'],
  },
  {
    kernel: 'MaxPool3DGrad',
    setting: 'as a GPU runs it',
    inputs: [smooth(1, 2, 2, 1, 1), distinct(1, 4, 4, 2, 1)],
    op: backward('MaxPool3DGrad', (x) => tf.maxPool3d(as5D(x), 2, 2, 'valid'), [2, 2, 2]),
    backends: ['cpu'],
  },
  { kernel: 'MaxPool', inputs: [distinct(2, 4, 4, 2)], op: (x) => tf.maxPool(as4D(x), 2, 2, 'valid') },
  {
    kernel: 'MaxPool',
    setting: 'of negative numbers',
    inputs: [negative(2, 4, 4, 1)],
    op: (x) => tf.maxPool(as4D(x), 2, 2, 'valid'),
  },
  {
    kernel: 'MaxPool',
    setting: 'overlapping, padded, negative',
    inputs: [negative(2, 5, 4, 2)],
    op: (x) => tf.maxPool(as4D(x), [3, 2], [2, 1], 'same'),
  },
  {
    kernel: 'MaxPool',
    setting: 'padded by 1, rounded up',
    inputs: [negative(1, 6, 6, 1)],
    op: (x) => tf.maxPool(as4D(x), 3, 2, 1, 'ceil'),
  },
  {
    kernel: 'MaxPoolWithArgmax',
    inputs: [distinct(2, 4, 4, 1)],
    op: (x) => tf.maxPoolWithArgmax(as4D(x), 2, 2, 'valid', true).result!,
    backends: ['cpu'],
  },
  {
    kernel: 'AvgPool',
    setting: 'valid',
    inputs: [smooth(2, 4, 5, 2)],
    op: (x) => tf.avgPool(as4D(x), 2, 2, 'valid'),
  },
  {
    kernel: 'AvgPool',
    setting: 'same, with padded cells',
    inputs: [smooth(2, 5, 4, 2)],
    op: (x) => tf.avgPool(as4D(x), [3, 2], [2, 2], 'same'),
  },
  {
    kernel: 'AvgPool',
    setting: 'padded by 1, rounded up',
    inputs: [smooth(1, 6, 5, 1)],
    op: (x) => tf.avgPool(as4D(x), 3, 2, 1, 'ceil'),
  },
  {
    kernel: 'pool',
    setting: 'dilated maximum',
    inputs: [distinct(1, 5, 5, 1)],
    op: (x) => tf.pool(as4D(x), 2, 'max', 'valid', 2),
  },
  {
    kernel: 'pool',
    setting: 'dilated average',
    inputs: [smooth(1, 5, 5, 1)],
    op: (x) => tf.pool(as4D(x), 2, 'avg', 'valid', 2),
  },
  {
    kernel: 'MaxPool3D',
    inputs: [distinct(1, 4, 2, 4, 2)],
    op: (x) => tf.maxPool3d(as5D(x), 2, 2, 'valid'),
  },
  {
    kernel: 'MaxPool3D',
    setting: 'overlapping, padded, negative',
    inputs: [negative(1, 3, 4, 3, 1)],
    op: (x) => tf.maxPool3d(as5D(x), [2, 3, 2], [1, 2, 1], 'same'),
  },
  {
    kernel: 'AvgPool3D',
    setting: 'valid',
    inputs: [smooth(1, 3, 4, 3, 2)],
    op: (x) => tf.avgPool3d(as5D(x), 2, 1, 'valid'),
  },
  {
    kernel: 'AvgPool3D',
    setting: 'same, with padded cells',
    inputs: [smooth(1, 3, 4, 3, 1)],
    op: (x) => tf.avgPool3d(as5D(x), [2, 3, 2], [2, 2, 1], 'same'),
  },
  {
    kernel: 'Dilation2D',
    inputs: [distinct(1, 5, 4, 2), { shape: [2, 2, 2], values: (i) => 0.02 * i }],
    op: (x, filter) => tf.dilation2d(as4D(tf.mul(x!, 3)), filter as tf.Tensor3D, 1, 'valid'),
  },
  {
    kernel: 'Dilation2D',
    setting: 'same, dilated',
    inputs: [distinct(1, 5, 5, 1), { shape: [2, 2, 1], values: (i) => 0.02 * i }],
    op: (x, filter) => tf.dilation2d(as4D(tf.mul(x!, 3)), filter as tf.Tensor3D, 1, 'same', [2, 2]),
  },
  ...resizes.flatMap(({ setting, size, alignCorners, halfPixelCenters }): OpCase[] => [
    {
      kernel: 'ResizeBilinear',
      setting,
      inputs: [smooth(2, 3, 2, 2)],
      op: (x) => tf.image.resizeBilinear(as4D(x), size, alignCorners, halfPixelCenters),
    },
    {
      kernel: 'ResizeNearestNeighbor',
      setting,
      inputs: [smooth(2, 3, 2, 2)],
      op: (x) => tf.image.resizeNearestNeighbor(as4D(x), size, alignCorners, halfPixelCenters),
    },
  ]),
];
