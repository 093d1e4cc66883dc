import { backend_util, util } from '@tensorflow/tfjs-core';
import type { Axis } from '../geometry.js';

type Pad = 'valid' | 'same' | number | backend_util.ExplicitPadding;

/** The attributes that Conv2D and its gradients share. tfjs's gradients never state dilations: they mean 1 then. */
export interface Conv2DLikeAttrs {
  strides: [number, number] | number;
  pad: Pad;
  dataFormat: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dilations?: [number, number] | number;
}

/** Sizes, strides and pads of a 2-D convolution. NCHW shapes give the same numbers as their NHWC twins. */
export function conv2dInfo(
  inShape: number[],
  filterShape: number[],
  attrs: Conv2DLikeAttrs,
): backend_util.Conv2DInfo {
  return backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    false,
    backend_util.convertConv2DDataFormat(attrs.dataFormat ?? 'NHWC'),
  );
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

/**
 * The geometry of a convolution whose output has shape `outShape`. The gradients take the output's size from the
 * output gradient itself: tfjs does not hand them the rounding mode, and with `ceil` its own arithmetic is one short.
 */
export function conv2dGeometry(info: backend_util.Conv2DInfo, outShape: number[]): Conv2DGeometry {
  const last = info.dataFormat === 'channelsLast';
  const [batch = 0, ...rest] = outShape;
  const [outHeight = 0, outWidth = 0, filters = 0] = last ? rest : [rest[1], rest[2], rest[0]];
  util.assert(
    batch === info.batchSize && filters === info.outChannels,
    () =>
      `Error in the gradient of conv2d: dy of shape [${outShape}] does not fit batch ${info.batchSize} and ` +
      `${info.outChannels} filters.`,
  );
  return {
    rows: {
      input: info.inHeight,
      output: outHeight,
      taps: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      pad: info.padInfo.top,
    },
    cols: {
      input: info.inWidth,
      output: outWidth,
      taps: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      pad: info.padInfo.left,
    },
    batch,
    channels: info.inChannels,
    filters,
    dataFormat: info.dataFormat,
  };
}
