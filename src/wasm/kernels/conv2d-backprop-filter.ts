import {
  Conv2DBackpropFilter,
  util,
  type Conv2DBackpropFilterAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { conv2dGeometry, conv2dGradient, type Conv2DLikeAttrs } from './conv-attributes.js';
import { toChannelsLast } from './data-format.js';
import { filterGradient, type Images } from './filter-gradient.js';
import { suitsWinograd, winogradFilterGradient } from './winograd.js';

/** `Conv2DBackpropFilter`, which the WASM backend lacks: any stride, padding and dilation, NHWC and NCHW. */
export const conv2dBackpropFilter: TrainingKernel = {
  kernelName: Conv2DBackpropFilter,
  create: (heap, stock) => (call) => {
    const [x, dy] = [input(call, 'x'), input(call, 'dy')];
    if (!allFloat32(x, dy)) return passOn(stock, heap, call);
    const attrs = attributes<Conv2DBackpropFilterAttrs & Conv2DLikeAttrs>(call);
    const { info, dy: fitted } = conv2dGradient(heap, dy, x.shape, attrs.filterShape, attrs);
    const { rows, cols, batch, channels, filters, dataFormat } = conv2dGeometry(info);
    const dw = heap.output(info.filterShape);
    const size = util.sizeFromShape(info.filterShape);
    if (size === 0 || util.sizeFromShape(fitted.shape) === 0) {
      heap.clear(heap.pointer(dw), 4 * size);
      heap.release(fitted);
      return dw;
    }
    const x4d = toChannelsLast(heap, x, dataFormat);
    const dy4d = toChannelsLast(heap, fitted, dataFormat);
    heap.release(fitted);
    const [from, to] = [heap.pointer(x4d), heap.pointer(dw)];
    if (suitsWinograd(rows, cols, channels, filters)) {
      winogradFilterGradient(heap, rows, cols, channels, filters, batch, from, heap.pointer(dy4d), to);
    } else {
      const pair = { x: imagesOf(heap, x4d, batch), dy: imagesOf(heap, dy4d, batch) };
      filterGradient(heap, rows, cols, channels, filters, batch, [pair], to);
    }
    heap.release(x4d);
    heap.release(dy4d);
    return dw;
  },
};

/** The images of a float32 tensor whose first axis is the batch. */
export function imagesOf(heap: Heap, tensor: TensorInfo, batch: number): Images {
  return { pointer: heap.pointer(tensor), stride: (4 * util.sizeFromShape(tensor.shape)) / batch };
}
