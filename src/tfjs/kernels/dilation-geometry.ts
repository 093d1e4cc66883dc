import { backend_util } from '@tensorflow/tfjs-core';
import type { PoolAxis } from './pool-geometry.js';

interface DilationAttributes {
  strides: [number, number];
  pad: 'same';
  dilations: [number, number];
}

/** The spatial axes of a morphological dilation of rank 4, channels last. */
export function dilationAxes(xShape: number[], filterShape: number[], attrs: object): PoolAxis[] {
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
