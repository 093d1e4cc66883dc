import { Conv2DBackpropInput, util, type Conv2DBackpropInputAttrs } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { imagesOf } from './conv2d-backprop-filter.js';
import { conv2dGeometry, conv2dGradient, type Conv2DLikeAttrs } from './conv-attributes.js';
import { fromChannelsLast, toChannelsLast } from './data-format.js';
import type { Axis } from '../geometry.js';
import { hasEmptyPhase, inputGradient } from './input-gradient.js';
import { suitsWinograd, winogradCorrelate } from './winograd.js';

/** `Conv2DBackpropInput` as dense correlations; any stride, padding and dilation, NHWC and NCHW. */
export const conv2dBackpropInput: TrainingKernel = {
  kernelName: Conv2DBackpropInput,
  create: (heap, stock) => (call) => {
    const [dy, filter] = [input(call, 'dy'), input(call, 'filter')];
    if (!allFloat32(dy, filter)) return passOn(stock, heap, call);
    const attrs = attributes<Conv2DBackpropInputAttrs & Conv2DLikeAttrs>(call);
    const { info, dy: fitted } = conv2dGradient(heap, dy, attrs.inputShape, filter.shape, attrs);
    const { rows, cols, batch, channels, filters, dataFormat } = conv2dGeometry(info);
    const dx = heap.output([batch, rows.input, cols.input, channels]);
    const size = util.sizeFromShape(dx.shape);
    const empty = util.sizeFromShape(fitted.shape) === 0 || util.sizeFromShape(filter.shape) === 0;
    if (empty || hasEmptyPhase(rows, cols)) heap.clear(heap.pointer(dx), 4 * size);
    if (!empty && size > 0) {
      const dy4d = toChannelsLast(heap, fitted, dataFormat);
      if (suitsWinograd(rows, cols, channels, filters)) {
        const w = heap.pointer(filter);
        // The taps in reverse order, each transposed to [filters, channels].
        const pack = (tap: number, to: number) =>
          heap.functions.packTransposed(
            w + 4 * (8 - tap) * channels * filters,
            4 * filters,
            filters,
            channels,
            to,
            32 * filters,
          );
        const [from, to] = [heap.pointer(dy4d), heap.pointer(dx)];
        winogradCorrelate(heap, reversed(rows), reversed(cols), filters, channels, batch, from, pack, to);
      } else {
        const [from, to] = [imagesOf(heap, dy4d, batch), imagesOf(heap, dx, batch)];
        inputGradient(heap, rows, cols, channels, filters, batch, from, heap.pointer(filter), to, false);
      }
      heap.release(dy4d);
    }
    heap.release(fitted);
    return fromChannelsLast(heap, dx, dataFormat);
  },
};

/** The direction of the input gradient of a correlation with stride 1 and no dilation. */
function reversed(axis: Axis): Axis {
  return { ...axis, input: axis.output, output: axis.input, pad: axis.taps - 1 - axis.pad };
}
