import { backend_util, util } from '@tensorflow/tfjs-core';
import type { PoolArguments } from '../module.js';

/** The attributes that pooling kernels and their gradients share. */
export interface PoolAttrs {
  filterSize: number[] | number;
  strides: number[] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dilations?: number[] | number;
}

/**
 * The geometry of pooling [batch, (depth,) height, width, channels] to `outShape`, in the order the compiled functions
 * take it. As with convolutions the output's size is the output gradient's own.
 */
export function poolGeometry(inShape: number[], outShape: number[], attrs: PoolAttrs): PoolArguments {
  const channels = inShape[inShape.length - 1] ?? 0;
  util.assert(
    outShape.length === inShape.length &&
      outShape[0] === inShape[0] &&
      outShape[outShape.length - 1] === channels,
    () => `Error in the gradient of pooling: dy of shape [${outShape}] does not fit input [${inShape}].`,
  );
  if (inShape.length === 4) {
    const info = pool2dInfo(inShape, attrs);
    return [
      ...[info.batchSize, channels, 1, info.inHeight, info.inWidth],
      ...[1, outShape[1] ?? 0, outShape[2] ?? 0],
      ...[1, info.filterHeight, info.filterWidth],
      ...[1, info.strideHeight, info.strideWidth],
      ...[1, info.dilationHeight, info.dilationWidth],
      ...[0, info.padInfo.top, info.padInfo.left],
    ] as PoolArguments;
  }
  const info = backend_util.computePool3DInfo(
    inShape as [number, number, number, number, number],
    attrs.filterSize as [number, number, number],
    attrs.strides as [number, number, number],
    (attrs.dilations ?? 1) as number,
    attrs.pad as 'valid' | 'same' | number,
    attrs.dimRoundingMode,
  );
  return [
    ...[info.batchSize, channels, info.inDepth, info.inHeight, info.inWidth],
    ...[outShape[1] ?? 0, outShape[2] ?? 0, outShape[3] ?? 0],
    ...[info.filterDepth, info.filterHeight, info.filterWidth],
    ...[info.strideDepth, info.strideHeight, info.strideWidth],
    ...[info.dilationDepth, info.dilationHeight, info.dilationWidth],
    ...[info.padInfo.front, info.padInfo.top, info.padInfo.left],
  ] as PoolArguments;
}

export function pool2dInfo(inShape: number[], attrs: PoolAttrs): backend_util.Conv2DInfo {
  return backend_util.computePool2DInfo(
    inShape as [number, number, number, number],
    attrs.filterSize as [number, number],
    attrs.strides as [number, number],
    (attrs.dilations ?? 1) as number,
    attrs.pad,
    attrs.dimRoundingMode,
  );
}
