import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import type { Conv2DGeometry } from './conv-attributes.js';
import { imagesOf } from './conv2d-backprop-filter.js';
import { bandBytes, correlate, packedBytes } from './correlate.js';
import { fromChannelsLast, toChannelsLast } from './data-format.js';
import { suitsWinograd, winogradCorrelate } from './winograd.js';

/** y = conv2d(x, filter), float32, in a new tensor: by Winograd where it serves, else as a direct correlation. */
export function conv2dForward(
  heap: Heap,
  x: TensorInfo,
  filter: TensorInfo,
  geometry: Conv2DGeometry,
): TensorInfo {
  const { rows, cols, batch, channels, filters, dataFormat } = geometry;
  const y = heap.output([batch, rows.output, cols.output, filters]);
  const size = util.sizeFromShape(y.shape);
  if (size === 0) return fromChannelsLast(heap, y, dataFormat);
  if (util.sizeFromShape(x.shape) === 0 || util.sizeFromShape(filter.shape) === 0) {
    heap.clear(heap.pointer(y), 4 * size);
    return fromChannelsLast(heap, y, dataFormat);
  }
  const x4d = toChannelsLast(heap, x, dataFormat);
  const [from, w, to] = [heap.pointer(x4d), heap.pointer(filter), heap.pointer(y)];
  const stride = 4 * filters;
  if (suitsWinograd(rows, cols, channels, filters)) {
    const pack = (tap: number, at: number) =>
      heap.functions.packRows(w + tap * channels * stride, stride, channels, filters, at, 32 * channels);
    winogradCorrelate(heap, rows, cols, channels, filters, batch, from, pack, to);
  } else {
    const depth = rows.taps * cols.taps * channels;
    const bytes = packedBytes(depth, filters);
    const packed = heap.scratch(bytes + bandBytes(heap, rows, cols, channels, filters));
    heap.functions.packRows(w, stride, depth, filters, packed, 32 * depth);
    const images = imagesOf(heap, x4d, batch);
    const out = { ...imagesOf(heap, y, batch), row: stride * cols.output, col: stride };
    correlate(heap, rows, cols, channels, filters, batch, images, packed, out, false, packed + bytes);
  }
  heap.release(x4d);
  return fromChannelsLast(heap, y, dataFormat);
}
