import { backend_util, util } from '@tensorflow/tfjs-core';
import type { Axis } from '../geometry.js';

/** The attributes that Conv3D and its gradients share; tfjs's gradients never state dilations. */
export interface Conv3DLikeAttrs {
  strides: [number, number, number] | number;
  pad: 'valid' | 'same';
  dilations?: [number, number, number] | number;
}

/** A 3-D convolution as three directions and channels, [batch, depth, height, width, channels]. */
export interface Conv3DGeometry {
  readonly depth: Axis;
  readonly rows: Axis;
  readonly cols: Axis;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly outShape: number[];
}

/** Geometry from input and filter shapes, and the shape of the output gradient where there is one. */
export function conv3dGeometry(
  inShape: number[],
  filterShape: number[],
  attrs: Conv3DLikeAttrs,
  dyShape?: number[],
): Conv3DGeometry {
  const info = backend_util.computeConv3DInfo(
    inShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
  );
  util.assert(
    dyShape === undefined || util.arraysEqual(dyShape, info.outShape),
    () => `Error in the gradient of conv3d: dy of shape [${dyShape}] does not fit [${info.outShape}].`,
  );
  const { padInfo } = info;
  return {
    depth: {
      input: info.inDepth,
      output: info.outDepth,
      taps: info.filterDepth,
      stride: info.strideDepth,
      dilation: info.dilationDepth,
      pad: padInfo.front,
    },
    rows: {
      input: info.inHeight,
      output: info.outHeight,
      taps: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      pad: padInfo.top,
    },
    cols: {
      input: info.inWidth,
      output: info.outWidth,
      taps: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      pad: padInfo.left,
    },
    batch: info.batchSize,
    channels: info.inChannels,
    filters: info.outChannels,
    outShape: info.outShape,
  };
}

/** The pairs (input slice, output slice) that one tap of depth connects. */
export function slicesOfTap(depth: Axis, tap: number): { from: number; to: number }[] {
  const pairs: { from: number; to: number }[] = [];
  for (let to = 0; to < depth.output; to++) {
    const from = to * depth.stride + tap * depth.dilation - depth.pad;
    if (from >= 0 && from < depth.input) pairs.push({ from, to });
  }
  return pairs;
}
