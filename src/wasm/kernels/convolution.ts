import { Conv2D, Conv3D, FusedConv2D, type TensorInfo } from '@tensorflow/tfjs-core';
import { fromChannelsLast, toChannelsLast } from '../geometry/data-format.js';
import { imagesOf, slicesOfTap } from '../geometry/images.js';
import { convolutionWindows, type ConvolutionAttrs, type Windows } from '../geometry/windows.js';
import { sizeOf, type Heap } from '../heap.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';
import { applyActivation, type ActivationAttrs } from './activation.js';
import { correlate, reserve } from '../correlation/correlate.js';
import { suitsWinograd, winogradCorrelate } from '../correlation/winograd.js';

/** `Conv2D`, any stride, padding and dilation, NHWC and (unlike stock) NCHW. */
export const conv2d = convolution(Conv2D);

/** `Conv3D`, any stride, padding and dilation. */
export const conv3d = convolution(Conv3D);

function convolution(kernelName: string): TrainingKernel {
  return floatKernel(kernelName, ['x', 'filter'], (heap, { x, filter }, attrs: ConvolutionAttrs) =>
    convolve(heap, x, filter, convolutionWindows(x.shape, filter.shape, attrs)),
  );
}

/** `FusedConv2D`: {@link conv2d}, bias of any shape that broadcasts, activation. */
export const fusedConv2d = floatKernel(
  FusedConv2D,
  ['x', 'filter'],
  (heap, inputs, attrs: ConvolutionAttrs & ActivationAttrs) => {
    const { x, filter } = inputs;
    const y = convolve(heap, x, filter, convolutionWindows(x.shape, filter.shape, attrs));
    return applyActivation(heap, y, inputs, attrs);
  },
);

/** The convolution, float32, in a new tensor: by Winograd where it serves, else as direct correlations. */
function convolve(heap: Heap, x: TensorInfo, filter: TensorInfo, windows: Windows): TensorInfo {
  const { depth, rows, cols, batch, channels, filters, isVolume, outShape } = windows;
  const y = heap.output(isVolume ? outShape : [batch, rows.output, cols.output, filters]);
  const isEmpty = sizeOf(x) * sizeOf(filter) === 0;
  if (isEmpty || isVolume) heap.clear(y);
  if (isEmpty || sizeOf(y) === 0) return fromChannelsLast(heap, y, windows);
  const images = toChannelsLast(heap, x, windows);
  const w = heap.pointer(filter);
  const row = 4 * filters;
  if (!isVolume && suitsWinograd(windows)) {
    const pack = (tap: number, at: number) =>
      heap.functions.packRows(w + tap * channels * row, row, channels, filters, at, 32 * channels);
    winogradCorrelate(heap, windows, heap.pointer(images), pack, heap.pointer(y));
  } else {
    const area = rows.taps * cols.taps * channels;
    const scratch = reserve(heap, [windows]);
    const [from, to] = [imagesOf(heap, images, batch), imagesOf(heap, y, batch)];
    for (let tap = 0; tap < depth.taps; tap++) {
      heap.functions.packRows(w + tap * area * row, row, area, filters, scratch.packed, 32 * area);
      for (const [source, target] of slicesOfTap(depth, tap, from, to)) {
        const places = { ...target, row: row * cols.output, col: row };
        correlate(heap, windows, source, scratch, places, isVolume);
      }
    }
  }
  heap.release(images);
  return fromChannelsLast(heap, y, windows);
}
