import {
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedDepthwiseConv2D,
  util,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { extent } from '../geometry/axis.js';
import { isInside } from '../correlation/band.js';
import { convolutionGradient } from '../geometry/output-gradient.js';
import { convolutionWindows, type ConvolutionAttrs, type Windows } from '../geometry/windows.js';
import { sizeOf, type Heap } from '../heap.js';
import { floatKernel } from '../kernel.js';
import { applyActivation, type ActivationAttrs } from './activation.js';

// Scratch: one padded image with the channels of the output.

/** `DepthwiseConv2dNative`, any stride, padding and dilation: stock reads from the wrong place where it rounds. */
export const depthwiseConv2d = floatKernel(DepthwiseConv2dNative, ['x', 'filter'], depthwise);

/** `FusedDepthwiseConv2D`: {@link depthwiseConv2d}, bias of any shape that broadcasts, activation. */
export const fusedDepthwiseConv2d = floatKernel(
  FusedDepthwiseConv2D,
  ['x', 'filter'],
  (heap, inputs, attrs: ConvolutionAttrs & ActivationAttrs) =>
    applyActivation(heap, depthwise(heap, inputs, attrs), inputs, attrs),
);

function depthwise(
  heap: Heap,
  { x, filter }: { readonly x: TensorInfo; readonly filter: TensorInfo },
  attrs: ConvolutionAttrs,
): TensorInfo {
  util.assert(
    attrs.dataFormat !== 'NCHW',
    () => `Error in depthwiseConv2d: only the data format NHWC is supported, got ${attrs.dataFormat}.`,
  );
  const windows = convolutionWindows(x.shape, filter.shape, attrs, true);
  const y = heap.output(windows.outShape);
  if (sizeOf(y) === 0) return y;
  const inside = readsInPlace(windows);
  heap.functions.depthwise(
    ...[heap.pointer(x), ...image(windows), Number(inside), heap.pointer(filter), heap.pointer(y)],
    ...[...steps(windows), windows.batch, inside ? 0 : heap.scratch(paddedBytes(windows))],
  );
  return y;
}

/** `DepthwiseConv2dNativeBackpropFilter`, which the WASM backend lacks. */
export const depthwiseBackpropFilter = floatKernel(
  DepthwiseConv2dNativeBackpropFilter,
  ['x', 'dy'],
  (heap, { x, dy }, attrs: ConvolutionAttrs & { filterShape: number[] }) => {
    const fitted = convolutionGradient(heap, dy, x.shape, attrs.filterShape, attrs, true);
    const dw = heap.output(attrs.filterShape);
    heap.clear(dw);
    const { windows } = fitted;
    const inside = readsInPlace(windows);
    if (sizeOf(fitted.dy) > 0) {
      heap.functions.depthwiseFilterGradient(
        ...[heap.pointer(x), ...image(windows), Number(inside), heap.pointer(fitted.dy), heap.pointer(dw)],
        ...[...steps(windows), windows.batch, inside ? 0 : heap.scratch(paddedBytes(windows))],
      );
    }
    heap.release(fitted.dy);
    return dw;
  },
);

/** `DepthwiseConv2dNativeBackpropInput`, which the WASM backend lacks. */
export const depthwiseBackpropInput = floatKernel(
  DepthwiseConv2dNativeBackpropInput,
  ['dy', 'filter'],
  (heap, { dy, filter }, attrs: ConvolutionAttrs & { inputShape: number[] }) => {
    const fitted = convolutionGradient(heap, dy, attrs.inputShape, filter.shape, attrs, true);
    const dx = heap.output(attrs.inputShape);
    const { windows } = fitted;
    if (sizeOf(fitted.dy) * sizeOf(filter) === 0) heap.clear(dx);
    else {
      heap.functions.depthwiseInputGradient(
        ...[heap.pointer(fitted.dy), heap.pointer(filter), heap.pointer(dx), ...image(windows)],
        ...[...steps(windows), windows.batch, heap.scratch(paddedBytes(windows))],
      );
    }
    heap.release(fitted.dy);
    return dx;
  },
);

/** True where the windows meet nothing but the image: none leaves it, and no channel is repeated. */
function readsInPlace(windows: Windows): boolean {
  return windows.filters === windows.channels && isInside(windows);
}

/** Bytes of an image with the zeros that its windows meet. */
function paddedBytes({ rows, cols, filters }: Windows): number {
  return 4 * extent(rows, rows.output) * extent(cols, cols.output) * filters;
}

type Six = [number, number, number, number, number, number];
type Eight = [...Six, number, number];

/** Size, channels, outputs to a channel, zeros in front. */
function image({ rows, cols, channels, filters }: Windows): Six {
  return [rows.input, cols.input, channels, filters / channels, rows.pad, cols.pad];
}

function steps({ rows, cols }: Windows): Eight {
  return [
    ...[rows.output, cols.output, rows.taps, cols.taps],
    ...[rows.stride, cols.stride, rows.dilation, cols.dilation],
  ] as Eight;
}
