import { backend_util } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { scatterAt } from '../ops/kernel-ops.js';
import type { PoolAxis } from '../ops/pool-geometry.js';
import { maximaOverWindow } from '../ops/window-maximum.js';

interface DilationAttributes {
  strides: [number, number];
  pad: 'same';
  dilations: [number, number];
}

function dilationAxes(xShape: number[], filterShape: number[], attrs: object): PoolAxis[] {
  const { strides, pad, dilations } = attrs as DilationAttributes;
  const info = backend_util.computeDilation2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number],
    strides,
    pad,
    'NHWC',
    dilations,
  );
  const axis = (
    size: number,
    count: number,
    window: number,
    stride: number,
    before: number,
    rate: number,
  ) => ({
    size,
    count,
    window,
    stride,
    before,
    after: Math.max(0, (count - 1) * stride + (window - 1) * rate + 1 - before - size),
    dilation: rate,
  });
  const { padInfo } = info;
  return [
    axis(
      info.inHeight,
      info.outHeight,
      info.filterHeight,
      info.strideHeight,
      padInfo.top,
      info.dilationHeight,
    ),
    axis(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, padInfo.left, info.dilationWidth),
  ];
}

export const morphologyRules: readonly GradientRule[] = [
  {
    // y = max over the window of x + w: both adjoints go where the maximum is attained.
    kernel: 'Dilation2D',
    constants: ({ x, filter }, _, attrs) => {
      const { inInput, inWindow } = maximaOverWindow(
        x!,
        dilationAxes(x!.shape, filter!.shape, attrs),
        filter!,
      );
      return [inInput, inWindow];
    },
    pullback: ({ dy, constants, shapes }) => ({
      x: () => scatterAt(dy, constants[0]!, shapes.x!),
      filter: () => scatterAt(dy, constants[1]!, shapes.filter!),
    }),
  },
];
