import {
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { filterGradient } from '../correlation/filter-gradient.js';
import { hasEmptyPhase, inputGradient } from '../correlation/input-gradient.js';
import { suitsWinograd, winogradCorrelate, winogradFilterGradient } from '../correlation/winograd.js';
import type { Axis } from '../geometry/axis.js';
import { fromChannelsLast, toChannelsLast } from '../geometry/data-format.js';
import { imagesOf, slicesOfTap } from '../geometry/images.js';
import { convolutionGradient } from '../geometry/output-gradient.js';
import type { ConvolutionAttrs, Correlation, Windows } from '../geometry/windows.js';
import { sizeOf, type Heap } from '../heap.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';

/** `Conv2DBackpropFilter`, which the WASM backend lacks: any stride, padding and dilation, NHWC and NCHW. */
export const conv2dBackpropFilter = filterKernel(Conv2DBackpropFilter);

/** `Conv3DBackpropFilterV2`, any stride, padding and dilation. */
export const conv3dBackpropFilter = filterKernel(Conv3DBackpropFilterV2);

function filterKernel(kernelName: string): TrainingKernel {
  type Attrs = ConvolutionAttrs & { filterShape: number[] };
  return floatKernel(kernelName, ['x', 'dy'], (heap, { x, dy }, attrs: Attrs) => {
    const fitted = convolutionGradient(heap, dy, x.shape, attrs.filterShape, attrs);
    const dw = heap.output(attrs.filterShape);
    if (sizeOf(dw) * sizeOf(fitted.dy) === 0) heap.clear(dw);
    else byFilter(heap, x, fitted.dy, fitted.windows, dw);
    heap.release(fitted.dy);
    return dw;
  });
}

function byFilter(heap: Heap, x: TensorInfo, dy: TensorInfo, windows: Windows, dw: TensorInfo): void {
  const { depth, batch } = windows;
  const [inputs, gradients] = [toChannelsLast(heap, x, windows), toChannelsLast(heap, dy, windows)];
  const to = heap.pointer(dw);
  if (!windows.isVolume && suitsWinograd(windows)) {
    winogradFilterGradient(heap, windows, heap.pointer(inputs), heap.pointer(gradients), to);
  } else {
    const [xs, dys] = [imagesOf(heap, inputs, batch), imagesOf(heap, gradients, batch)];
    for (let tap = 0; tap < depth.taps; tap++) {
      const pairs = slicesOfTap(depth, tap, xs, dys);
      filterGradient(heap, windows, pairs, to + (tap * 4 * sizeOf(dw)) / depth.taps);
    }
  }
  heap.release(inputs);
  heap.release(gradients);
}

/** `Conv2DBackpropInput` as dense correlations; any stride, padding and dilation, NHWC and NCHW. */
export const conv2dBackpropInput = inputKernel(Conv2DBackpropInput);

/** `Conv3DBackpropInputV2`, any stride, padding and dilation. */
export const conv3dBackpropInput = inputKernel(Conv3DBackpropInputV2);

function inputKernel(kernelName: string): TrainingKernel {
  type Attrs = ConvolutionAttrs & { inputShape: number[] };
  return floatKernel(kernelName, ['dy', 'filter'], (heap, { dy, filter }, attrs: Attrs) => {
    const fitted = convolutionGradient(heap, dy, attrs.inputShape, filter.shape, attrs);
    const { rows, cols, batch, channels, isVolume } = fitted.windows;
    const dx = heap.output(isVolume ? attrs.inputShape : [batch, rows.input, cols.input, channels]);
    const isEmpty = sizeOf(fitted.dy) * sizeOf(filter) === 0;
    if (isEmpty || isVolume || hasEmptyPhase(fitted.windows)) heap.clear(dx);
    if (!isEmpty && sizeOf(dx) > 0) byInput(heap, fitted.dy, filter, fitted.windows, dx);
    heap.release(fitted.dy);
    return fromChannelsLast(heap, dx, fitted.windows);
  });
}

function byInput(heap: Heap, dy: TensorInfo, filter: TensorInfo, windows: Windows, dx: TensorInfo): void {
  const { depth, batch, channels, filters, isVolume } = windows;
  const gradients = toChannelsLast(heap, dy, windows);
  const w = heap.pointer(filter);
  if (!isVolume && suitsWinograd(windows)) {
    // The taps in reverse order, each transposed to [filters, channels].
    const pack = (tap: number, to: number) => {
      const from = w + 4 * (8 - tap) * channels * filters;
      heap.functions.packTransposed(from, 4 * filters, filters, channels, to, 32 * filters);
    };
    winogradCorrelate(heap, reversed(windows), heap.pointer(gradients), pack, heap.pointer(dx));
  } else {
    const [dxs, dys] = [imagesOf(heap, dx, batch), imagesOf(heap, gradients, batch)];
    for (let tap = 0; tap < depth.taps; tap++) {
      const at = w + (tap * 4 * sizeOf(filter)) / depth.taps;
      for (const [target, source] of slicesOfTap(depth, tap, dxs, dys)) {
        inputGradient(heap, windows, source, at, target, isVolume);
      }
    }
  }
  heap.release(gradients);
}

/** The input gradient of a correlation with stride 1 and no dilation, as a correlation of dy. */
function reversed({ rows, cols, batch, channels, filters }: Correlation): Correlation {
  const turn = (axis: Axis): Axis => ({
    ...axis,
    input: axis.output,
    output: axis.input,
    pad: axis.taps - 1 - axis.pad,
  });
  return { rows: turn(rows), cols: turn(cols), batch, channels: filters, filters: channels };
}
