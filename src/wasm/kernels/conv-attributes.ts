import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Axis } from '../geometry.js';
import type { Heap } from '../heap.js';
import { fitOutputGradient } from './output-gradient.js';

type Pad = 'valid' | 'same' | number | backend_util.ExplicitPadding;

/** The attributes that Conv2D and its gradients share. tfjs's gradients never state dilations: they mean 1 then. */
export interface Conv2DLikeAttrs {
  strides: [number, number] | number;
  pad: Pad;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dilations?: [number, number] | number;
}

/**
 * Sizes, strides and pads of a 2-D convolution, of a depthwise one with `depthwise`. NCHW shapes give the same numbers as
 * their NHWC twins.
 */
export function conv2dInfo(
  inShape: number[],
  filterShape: number[],
  attrs: Conv2DLikeAttrs,
  depthwise = false,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
    backend_util.convertConv2DDataFormat(attrs.dataFormat ?? 'NHWC'),
  );
}

/** The numbers of a convolution with this output gradient, and the part of it that counts: release that. */
export function conv2dGradient(
  heap: Heap,
  dy: TensorInfo,
  inShape: number[],
  filterShape: number[],
  attrs: Conv2DLikeAttrs,
  depthwise = false,
): { info: backend_util.Conv2DInfo; dy: TensorInfo } {
  const info = conv2dInfo(inShape, filterShape, attrs, depthwise);
  const roundedUp = conv2dInfo(inShape, filterShape, { ...attrs, dimRoundingMode: 'ceil' }, depthwise);
  const op = depthwise ? 'depthwiseConv2d' : 'conv2d';
  const channels = info.dataFormat === 'channelsLast' ? 3 : 1;
  const fitted = fitOutputGradient(heap, op, dy, info.outShape, roundedUp.outShape, channels);
  const [outHeight = 0, outWidth = 0] = fitted.shape.filter((_, axis) => axis !== 0 && axis !== channels);
  return { info: { ...info, outHeight, outWidth }, dy: fitted };
}

/** A 2-D convolution as two directions and channels, whatever its data format. */
export interface Conv2DGeometry {
  readonly rows: Axis;
  readonly cols: Axis;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
}

/** The geometry of a convolution. */
export function conv2dGeometry(info: backend_util.Conv2DInfo): Conv2DGeometry {
  return {
    rows: {
      input: info.inHeight,
      output: info.outHeight,
      taps: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      pad: info.padInfo.top,
    },
    cols: {
      input: info.inWidth,
      output: info.outWidth,
      taps: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      pad: info.padInfo.left,
    },
    batch: info.batchSize,
    channels: info.inChannels,
    filters: info.outChannels,
    dataFormat: info.dataFormat,
  };
}
