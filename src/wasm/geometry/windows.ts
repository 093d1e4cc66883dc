import { backend_util, util } from '@tensorflow/tfjs-core';
import type { WasmFunctions } from '../functions.js';
import type { Axis } from './axis.js';

/** Correlations of a batch of images with one filter, or anything else whose windows meet images like that. */
export interface Correlation {
  readonly rows: Axis;
  readonly cols: Axis;
  readonly batch: number;
  /** of the input */
  readonly channels: number;
  /** channels of the output */
  readonly filters: number;
}

/** The windows of a convolution or a pooling over images or volumes. */
export interface Windows extends Correlation {
  /** one cell over images */
  readonly depth: Axis;
  readonly isVolume: boolean;
  /** [batch, channels, …] in place of […, channels]: images only */
  readonly channelsFirst: boolean;
  readonly inShape: number[];
  readonly outShape: number[];
}

/** How windows move. tfjs's gradients never state dilations: they mean 1 then. */
interface MovingAttrs {
  strides: number[] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dilations?: number[] | number;
}

/** The attributes that convolutions and their gradients share. */
export interface ConvolutionAttrs extends MovingAttrs {
  dataFormat?: 'NHWC' | 'NCHW';
}

/** The attributes that pooling kernels and their gradients share. */
export interface PoolAttrs extends MovingAttrs {
  filterSize: number[] | number;
}

type Pair = [number, number];
type Triple = [number, number, number];
type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

/** The windows of a convolution of images or, by the rank of `inShape`, of volumes; of images depthwise with `depthwise`. */
export function convolutionWindows(
  inShape: number[],
  filterShape: number[],
  attrs: ConvolutionAttrs,
  depthwise = false,
): Windows {
  const { strides, pad, dimRoundingMode } = attrs;
  const dilations = attrs.dilations ?? 1;
  if (inShape.length === 5) {
    return ofVolumes(
      backend_util.computeConv3DInfo(
        inShape as Shape5D,
        filterShape as Shape5D,
        strides as Triple,
        dilations as Triple,
        pad as 'valid' | 'same',
      ),
    );
  }
  return ofImages(
    backend_util.computeConv2DInfo(
      inShape as Shape4D,
      filterShape as Shape4D,
      strides as Pair,
      dilations as Pair,
      pad,
      dimRoundingMode,
      depthwise,
      backend_util.convertConv2DDataFormat(attrs.dataFormat ?? 'NHWC'),
    ),
  );
}

/** The windows of a pooling of images or, by the rank of `inShape`, of volumes. */
export function poolWindows(inShape: number[], attrs: PoolAttrs): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const dilations = attrs.dilations ?? 1;
  if (inShape.length === 5) {
    return ofVolumes(
      backend_util.computePool3DInfo(
        inShape as Shape5D,
        filterSize as Triple,
        strides as Triple,
        dilations as Triple,
        pad as 'valid' | 'same' | number,
        dimRoundingMode,
      ),
    );
  }
  return ofImages(
    backend_util.computePool2DInfo(
      inShape as Shape4D,
      filterSize as Pair,
      strides as Pair,
      dilations as Pair,
      pad,
      dimRoundingMode,
    ),
  );
}

const ONE_CELL: Axis = { input: 1, output: 1, taps: 1, stride: 1, dilation: 1, pad: 0 };

function ofImages(info: backend_util.Conv2DInfo): Windows {
  return ofPlane(info, ONE_CELL, false, info.dataFormat === 'channelsFirst');
}

function ofVolumes(info: backend_util.Conv3DInfo): Windows {
  const depth = {
    input: info.inDepth,
    output: info.outDepth,
    taps: info.filterDepth,
    stride: info.strideDepth,
    dilation: info.dilationDepth,
    pad: info.padInfo.front,
  };
  return ofPlane(info, depth, true, false);
}

function ofPlane(
  info: backend_util.Conv2DInfo | backend_util.Conv3DInfo,
  depth: Axis,
  isVolume: boolean,
  channelsFirst: boolean,
): Windows {
  return {
    depth,
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
    isVolume,
    channelsFirst,
    inShape: info.inShape,
    outShape: info.outShape,
  };
}

/** The axis of the channels. */
export function channelAxis({ channelsFirst, outShape }: Windows): number {
  return channelsFirst ? 1 : outShape.length - 1;
}

/** The same windows with an output of another size. */
export function withOutput(windows: Windows, outShape: number[]): Windows {
  if (util.arraysEqual(outShape, windows.outShape)) return windows;
  const channels = channelAxis(windows);
  const [cols = 1, rows = 1, depth = 1] = outShape.filter((_, i) => i !== 0 && i !== channels).reverse();
  return {
    ...windows,
    outShape,
    depth: { ...windows.depth, output: depth },
    rows: { ...windows.rows, output: rows },
    cols: { ...windows.cols, output: cols },
  };
}

/** How the compiled functions take the windows of a pooling. */
export type PoolArguments =
  Parameters<WasmFunctions['averagePoolGradient']> extends [dy: number, dx: number, ...rest: infer Rest]
    ? Rest
    : never;

export function poolArguments({ batch, channels, depth, rows, cols }: Windows): PoolArguments {
  return [
    batch,
    channels,
    depth.input,
    rows.input,
    cols.input,
    depth.output,
    rows.output,
    cols.output,
    depth.taps,
    rows.taps,
    cols.taps,
    depth.stride,
    rows.stride,
    cols.stride,
    depth.dilation,
    rows.dilation,
    cols.dilation,
    depth.pad,
    rows.pad,
    cols.pad,
  ];
}
