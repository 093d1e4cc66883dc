import { backend_util, util } from '@tensorflow/tfjs-core';
import type { Conv2DLikeAttrs } from './conv-attributes.js';

/** A depthwise convolution in numbers; `height` and `width` are of the input with the zeros its windows meet. */
export interface DepthwiseGeometry {
  readonly info: backend_util.Conv2DInfo;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly multiplier: number;
  readonly height: number;
  readonly width: number;
}

/** Geometry of a depthwise convolution from input and filter shapes and the shape of its output gradient. */
export function depthwiseGeometry(
  inShape: number[],
  filterShape: number[],
  dyShape: number[],
  attrs: Conv2DLikeAttrs,
): DepthwiseGeometry {
  const info = backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  const [batch, outHeight = 0, outWidth = 0, outChannels] = dyShape;
  util.assert(
    batch === info.batchSize && outChannels === info.outChannels,
    () =>
      `Error in the gradient of depthwiseConv2d: dy of shape [${dyShape}] does not fit [${info.outShape}].`,
  );
  return {
    info,
    outHeight,
    outWidth,
    multiplier: info.outChannels / info.inChannels,
    height: (outHeight - 1) * info.strideHeight + (info.filterHeight - 1) * info.dilationHeight + 1,
    width: (outWidth - 1) * info.strideWidth + (info.filterWidth - 1) * info.dilationWidth + 1,
  };
}
