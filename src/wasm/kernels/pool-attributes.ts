import { backend_util, util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import type { WasmFunctions } from '../functions.js';
import { fitOutputGradient } from './output-gradient.js';

/** The attributes that pooling kernels and their gradients share. */
export interface PoolAttrs {
  filterSize: number[] | number;
  strides: number[] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dilations?: number[] | number;
}

/** How the compiled functions take the geometry: batch and channels, then input, output, taps, strides, dilations and pads. */
export type PoolArguments =
  Parameters<WasmFunctions['averagePoolGradient']> extends [dy: number, dx: number, ...rest: infer Geometry]
    ? Geometry
    : never;

/** Pooling [batch, (depth,) height, width, channels] in numbers. */
export interface Pooling {
  readonly outShape: number[];
  /** The geometry in the order the compiled functions take it. */
  readonly geometry: PoolArguments;
  /** On cpu windows of one cell leave an image as it is, whatever strides and padding say, if its size stays. */
  readonly identity: boolean;
}

/** Pooling `inShape` to what the attributes say, or to `outShape`. */
export function pooling(inShape: number[], attrs: PoolAttrs, outShape?: number[]): Pooling {
  const channels = inShape[inShape.length - 1] ?? 0;
  if (inShape.length === 4) {
    const info = pool2dInfo(inShape, attrs);
    const out = outShape ?? info.outShape;
    return {
      outShape: out,
      identity: info.filterHeight * info.filterWidth === 1 && util.arraysEqual(inShape, out),
      geometry: [
        ...[info.batchSize, channels, 1, info.inHeight, info.inWidth],
        ...[1, out[1], out[2]],
        ...[1, info.filterHeight, info.filterWidth],
        ...[1, info.strideHeight, info.strideWidth],
        ...[1, info.dilationHeight, info.dilationWidth],
        ...[0, info.padInfo.top, info.padInfo.left],
      ] as PoolArguments,
    };
  }
  const info = pool3dInfo(inShape, attrs);
  const out = outShape ?? info.outShape;
  return {
    outShape: out,
    identity: false,
    geometry: [
      ...[info.batchSize, channels, info.inDepth, info.inHeight, info.inWidth],
      ...[out[1], out[2], out[3]],
      ...[info.filterDepth, info.filterHeight, info.filterWidth],
      ...[info.strideDepth, info.strideHeight, info.strideWidth],
      ...[info.dilationDepth, info.dilationHeight, info.dilationWidth],
      ...[info.padInfo.front, info.padInfo.top, info.padInfo.left],
    ] as PoolArguments,
  };
}

/** Pooling with this output gradient, and the part of it that counts: release that. */
export function poolingGradient(
  heap: Heap,
  dy: TensorInfo,
  inShape: number[],
  attrs: PoolAttrs,
): Pooling & { dy: TensorInfo } {
  const { outShape } = pooling(inShape, attrs);
  const roundedUp = pooling(inShape, { ...attrs, dimRoundingMode: 'ceil' }).outShape;
  const fitted = fitOutputGradient(heap, 'pooling', dy, outShape, roundedUp);
  return { ...pooling(inShape, attrs, fitted.shape), dy: fitted };
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

function pool3dInfo(inShape: number[], attrs: PoolAttrs): backend_util.Conv3DInfo {
  return backend_util.computePool3DInfo(
    inShape as [number, number, number, number, number],
    attrs.filterSize as [number, number, number],
    attrs.strides as [number, number, number],
    (attrs.dilations ?? 1) as number,
    attrs.pad as 'valid' | 'same' | number,
    attrs.dimRoundingMode,
  );
}
