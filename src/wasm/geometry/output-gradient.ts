import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { runKernel } from '../stock-ops.js';
import {
  channelAxis,
  convolutionWindows,
  poolWindows,
  withOutput,
  type ConvolutionAttrs,
  type PoolAttrs,
  type Windows,
} from './windows.js';

/** An output gradient in the shape of its op's output, and windows with that output. Release dy. */
interface FittedGradient {
  readonly windows: Windows;
  readonly dy: TensorInfo;
}

/** The output gradient of a convolution of images or, by the rank of `inShape`, of volumes. */
export function convolutionGradient(
  heap: Heap,
  dy: TensorInfo,
  inShape: number[],
  filterShape: number[],
  attrs: ConvolutionAttrs,
  depthwise = false,
): FittedGradient {
  const op = depthwise ? 'depthwiseConv2d' : `conv${inShape.length - 2}d`;
  return fit(heap, op, dy, attrs, (as) => convolutionWindows(inShape, filterShape, as, depthwise));
}

/** The output gradient of a pooling. */
export function poolGradient(
  heap: Heap,
  dy: TensorInfo,
  inShape: number[],
  attrs: PoolAttrs,
): FittedGradient {
  return fit(heap, 'pooling', dy, attrs, (as) => poolWindows(inShape, as));
}

/**
 * tfjs does not hand every gradient the rounding mode of its op, so the output may also have been rounded up. Of a gradient
 * that is larger than either only the beginning counts, as on cpu: `conv2dTranspose` lets its caller state any size.
 */
function fit<Attrs>(
  heap: Heap,
  op: string,
  dy: TensorInfo,
  attrs: Attrs,
  windowsBy: (attrs: Attrs) => Windows,
): FittedGradient {
  const stated = windowsBy(attrs);
  const roundedUp = windowsBy({ ...attrs, dimRoundingMode: 'ceil' }).outShape;
  const channels = channelAxis(stated);
  const shape = stated.outShape.map((size, axis) => {
    const up = roundedUp[axis] ?? size;
    return dy.shape[axis] === up ? up : size;
  });
  const fits = shape.every((size, axis) => {
    const given = dy.shape[axis] ?? -1;
    return axis === 0 || axis === channels ? given === size : given >= size;
  });
  util.assert(
    fits && dy.shape.length === shape.length,
    () =>
      `Error in the gradient of ${op}: dy of shape [${dy.shape}] does not fit an output of [${stated.outShape}].`,
  );
  const begin = shape.map(() => 0);
  return {
    windows: withOutput(stated, shape),
    dy: util.arraysEqual(dy.shape, shape)
      ? heap.alias(dy, shape)
      : runKernel(heap, 'Slice', { x: dy }, { begin, size: shape }),
  };
}
