import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Axis } from '../geometry.js';
import type { Heap } from '../heap.js';
import { fitOutputGradient } from './output-gradient.js';

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

/** Geometry from input and filter shapes. */
export function conv3dGeometry(
  inShape: number[],
  filterShape: number[],
  attrs: Conv3DLikeAttrs,
): Conv3DGeometry {
  const info = backend_util.computeConv3DInfo(
    inShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
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

/** The geometry of a convolution with this output gradient, and the part of it that counts: release that. */
export function conv3dGradient(
  heap: Heap,
  dy: TensorInfo,
  inShape: number[],
  filterShape: number[],
  attrs: Conv3DLikeAttrs,
): { geometry: Conv3DGeometry; dy: TensorInfo } {
  const geometry = conv3dGeometry(inShape, filterShape, attrs);
  // Padded by 'same' or 'valid' only, so nothing is rounded.
  return { geometry, dy: fitOutputGradient(heap, 'conv3d', dy, geometry.outShape, geometry.outShape) };
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
