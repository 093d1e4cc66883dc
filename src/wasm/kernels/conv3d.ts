import { Conv3D, Conv3DBackpropFilterV2, Conv3DBackpropInputV2, util } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { conv3dGeometry, conv3dGradient, slicesOfTap, type Conv3DLikeAttrs } from './conv3d-attributes.js';
import { bandBytes, correlate, packedBytes } from './correlate.js';
import { filterGradient, type Images } from './filter-gradient.js';
import { inputGradient } from './input-gradient.js';

// Three dimensions are two, once per tap of depth: a slice of the output is the sum over the taps of 2-D correlations
// of the slices they reach.

/** `Conv3D`, any stride, padding and dilation. */
export const conv3d: TrainingKernel = {
  kernelName: Conv3D,
  create: (heap, stock) => (call) => {
    const [x, filter] = [input(call, 'x'), input(call, 'filter')];
    if (!allFloat32(x, filter)) return passOn(stock, heap, call);
    const geometry = conv3dGeometry(x.shape, filter.shape, attributes<Conv3DLikeAttrs>(call));
    const { depth, rows, cols, batch, channels, filters, outShape } = geometry;
    const y = heap.output(outShape);
    heap.clear(heap.pointer(y), 4 * util.sizeFromShape(outShape));
    const area = rows.taps * cols.taps * channels;
    if (batch * filters * area === 0 || util.sizeFromShape(x.shape) === 0) return y;
    const bytes = packedBytes(area, filters);
    const packed = heap.scratch(bytes + bandBytes(heap, rows, cols, channels, filters));
    const row = 4 * filters * cols.output;
    for (let tap = 0; tap < depth.taps; tap++) {
      const w = heap.pointer(filter) + 4 * tap * area * filters;
      heap.functions.packRows(w, 4 * filters, area, filters, packed, 32 * area);
      for (const { from, to } of slicesOfTap(depth, tap)) {
        const source = slice(heap.pointer(x), depth.input, from, rows.input, cols.input, channels);
        const target = slice(heap.pointer(y), depth.output, to, rows.output, cols.output, filters);
        const out = { ...target, row, col: 4 * filters };
        correlate(heap, rows, cols, channels, filters, batch, source, packed, out, true, packed + bytes);
      }
    }
    return y;
  },
};

/** `Conv3DBackpropFilterV2`, any stride, padding and dilation. */
export const conv3dBackpropFilter: TrainingKernel = {
  kernelName: Conv3DBackpropFilterV2,
  create: (heap, stock) => (call) => {
    const [x, dy] = [input(call, 'x'), input(call, 'dy')];
    if (!allFloat32(x, dy)) return passOn(stock, heap, call);
    const attrs = attributes<Conv3DLikeAttrs & { filterShape: number[] }>(call);
    const { geometry, dy: fitted } = conv3dGradient(heap, dy, x.shape, attrs.filterShape, attrs);
    const dw = heap.output(attrs.filterShape);
    heap.clear(heap.pointer(dw), 4 * util.sizeFromShape(attrs.filterShape));
    const { depth, rows, cols, batch, channels, filters } = geometry;
    const tapBytes = 4 * rows.taps * cols.taps * channels * filters;
    const empty = tapBytes === 0 || util.sizeFromShape(fitted.shape) === 0;
    for (let tap = 0; tap < depth.taps && !empty; tap++) {
      const pairs = slicesOfTap(depth, tap).map(({ from, to }) => ({
        x: slice(heap.pointer(x), depth.input, from, rows.input, cols.input, channels),
        dy: slice(heap.pointer(fitted), depth.output, to, rows.output, cols.output, filters),
      }));
      filterGradient(heap, rows, cols, channels, filters, batch, pairs, heap.pointer(dw) + tap * tapBytes);
    }
    heap.release(fitted);
    return dw;
  },
};

/** `Conv3DBackpropInputV2`, any stride, padding and dilation. */
export const conv3dBackpropInput: TrainingKernel = {
  kernelName: Conv3DBackpropInputV2,
  create: (heap, stock) => (call) => {
    const [dy, filter] = [input(call, 'dy'), input(call, 'filter')];
    if (!allFloat32(dy, filter)) return passOn(stock, heap, call);
    const attrs = attributes<Conv3DLikeAttrs & { inputShape: number[] }>(call);
    const { geometry, dy: fitted } = conv3dGradient(heap, dy, attrs.inputShape, filter.shape, attrs);
    const dx = heap.output(attrs.inputShape);
    heap.clear(heap.pointer(dx), 4 * util.sizeFromShape(attrs.inputShape));
    const { depth, rows, cols, batch, channels, filters } = geometry;
    const tapBytes = 4 * rows.taps * cols.taps * channels * filters;
    const empty = tapBytes === 0 || util.sizeFromShape(fitted.shape) === 0;
    for (let tap = 0; tap < depth.taps && !empty; tap++) {
      const w = heap.pointer(filter) + tap * tapBytes;
      for (const { from, to } of slicesOfTap(depth, tap)) {
        const source = slice(heap.pointer(fitted), depth.output, to, rows.output, cols.output, filters);
        const target = slice(heap.pointer(dx), depth.input, from, rows.input, cols.input, channels);
        inputGradient(heap, rows, cols, channels, filters, batch, source, w, target, true);
      }
    }
    heap.release(fitted);
    return dx;
  },
};

/** Slice number `at` of every volume of a batch. */
function slice(
  pointer: number,
  depth: number,
  at: number,
  height: number,
  width: number,
  channels: number,
): Images {
  const bytes = 4 * height * width * channels;
  return { pointer: pointer + at * bytes, stride: depth * bytes };
}
