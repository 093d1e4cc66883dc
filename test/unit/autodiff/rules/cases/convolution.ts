import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type OpCase, smooth } from '../op-case.js';

type Strides = [number, number];
type Padding = Parameters<typeof tf.conv2d>[3];

interface Window {
  setting: string;
  strides: Strides;
  pad: Padding;
  dilations?: Strides;
  rounding?: 'floor' | 'ceil' | 'round';
}

const windows: Window[] = [
  { setting: 'valid', strides: [1, 1], pad: 'valid' },
  { setting: 'same, strides 2 and 1', strides: [2, 1], pad: 'same' },
  { setting: 'valid, stride 2 that leaves a rest', strides: [2, 2], pad: 'valid' },
  { setting: 'padded by 1, rounded down', strides: [2, 2], pad: 1, rounding: 'floor' },
  {
    setting: 'padded unevenly',
    strides: [1, 2],
    pad: [
      [0, 0],
      [1, 0],
      [0, 2],
      [0, 0],
    ] as Padding,
  },
  { setting: 'same, dilated', strides: [1, 1], pad: 'same', dilations: [2, 3] },
  { setting: 'valid, dilated', strides: [1, 1], pad: 'valid', dilations: [2, 1] },
];

const x = smooth(2, 5, 6, 2);

const conv = (a: Tensor, w: Tensor, { strides, pad, dilations = [1, 1], rounding }: Window): Tensor =>
  tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, strides, pad, 'NHWC', dilations, rounding);

const depthwise = (a: Tensor, w: Tensor, { strides, pad, dilations = [1, 1], rounding }: Window): Tensor =>
  tf.depthwiseConv2d(a as tf.Tensor4D, w as tf.Tensor4D, strides, pad as 'same', 'NHWC', dilations, rounding);

export const convolutionCases: readonly OpCase[] = [
  ...windows.flatMap((window): OpCase[] => [
    {
      kernel: 'Conv2D',
      setting: window.setting,
      inputs: [x, smooth(3, 3, 2, 2)],
      op: (a, w) => conv(a!, w!, window),
    },
    {
      kernel: 'FusedConv2D',
      setting: window.setting,
      inputs: [x, smooth(2, 2, 2, 3), smooth(3)],
      op: (a, w, bias) =>
        tf.fused.conv2d({
          x: a as tf.Tensor4D,
          filter: w as tf.Tensor4D,
          strides: window.strides,
          pad: window.pad,
          dilations: window.dilations ?? [1, 1],
          dimRoundingMode: window.rounding,
          bias: bias!,
        }),
    },
  ]),
  ...windows
    .filter(
      ({ strides: [height, width], dilations = [1, 1] }) => height === width || Math.max(...dilations) > 1,
    )
    .filter(({ pad }) => !Array.isArray(pad))
    .map((window): OpCase => ({
      kernel: 'DepthwiseConv2dNative',
      setting: `${window.setting}, multiplier 2`,
      inputs: [x, smooth(2, 2, 2, 2)],
      op: (a, w) => depthwise(a!, w!, window),
    })),
  {
    kernel: 'FusedDepthwiseConv2D',
    setting: 'same, dilated, with bias',
    inputs: [x, smooth(2, 2, 2, 1), smooth(2)],
    op: (a, w, bias) =>
      tf.fused.depthwiseConv2d({
        x: a as tf.Tensor4D,
        filter: w as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        dilations: [2, 1],
        bias: bias!,
      }),
  },
  {
    kernel: 'Conv2D',
    setting: '1 × 1, same, stride 2, as in a shortcut',
    inputs: [smooth(2, 6, 7, 2), smooth(1, 1, 2, 3)],
    op: (a, w) => tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'),
  },
  {
    kernel: 'FusedConv2D',
    setting: '1 × 3, same, strides 3 and 2',
    inputs: [smooth(2, 6, 7, 2), smooth(1, 3, 2, 3)],
    op: (a, w) =>
      tf.fused.conv2d({ x: a as tf.Tensor4D, filter: w as tf.Tensor4D, strides: [3, 2], pad: 'same' }),
  },
  {
    kernel: 'DepthwiseConv2dNative',
    setting: '2 × 2, same, stride 3',
    inputs: [smooth(2, 6, 6, 2), smooth(2, 2, 2, 1)],
    op: (a, w) => tf.depthwiseConv2d(a as tf.Tensor4D, w as tf.Tensor4D, 3, 'same'),
  },
  {
    kernel: 'Conv2D',
    setting: 'channels first',
    inputs: [smooth(1, 2, 4, 4), smooth(2, 2, 2, 2)],
    op: (a, w) => tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NCHW'),
    backends: ['cpu'],
  },
  {
    kernel: 'Conv2DBackpropInput',
    setting: 'as a transposed convolution, stride 2',
    inputs: [smooth(1, 3, 2, 2), smooth(3, 3, 2, 2)],
    op: (a, w) => tf.conv2dTranspose(a as tf.Tensor4D, w as tf.Tensor4D, [1, 6, 4, 2], 2, 'same'),
  },
  {
    kernel: 'conv1d',
    setting: 'dilated',
    inputs: [smooth(2, 7, 2), smooth(2, 2, 3)],
    op: (a, w) => tf.conv1d(a as tf.Tensor3D, w as tf.Tensor3D, 1, 'same', 'NWC', 2),
  },
  {
    kernel: 'separableConv2d',
    inputs: [x, smooth(2, 2, 2, 2), smooth(1, 1, 4, 2)],
    op: (a, d, p) => tf.separableConv2d(a as tf.Tensor4D, d as tf.Tensor4D, p as tf.Tensor4D, 1, 'same'),
  },
  ...(
    [
      ['valid', [1, 1, 1], 'valid', 1],
      ['same, strides 2 and 1', [1, 2, 1], 'same', 1],
      ['valid, stride 2', [2, 2, 2], 'valid', 1],
      ['valid, dilated', [1, 1, 1], 'valid', [2, 1, 2]],
    ] as [string, [number, number, number], 'same' | 'valid', 1 | [number, number, number]][]
  ).map(([setting, strides, pad, dilations]): OpCase => ({
    kernel: 'Conv3D',
    setting,
    inputs: [smooth(2, 4, 3, 3, 2), smooth(2, 2, 2, 2, 1)],
    op: (a, w) => tf.conv3d(a as tf.Tensor5D, w as tf.Tensor5D, strides, pad, 'NDHWC', dilations),
  })),
  {
    kernel: 'Conv3DBackpropInputV2',
    setting: 'as a transposed convolution',
    inputs: [smooth(1, 2, 2, 2, 1), smooth(2, 2, 2, 2, 1)],
    op: (a, w) => tf.conv3dTranspose(a as tf.Tensor5D, w as tf.Tensor5D, [1, 4, 4, 4, 2], 2, 'same'),
  },
];
