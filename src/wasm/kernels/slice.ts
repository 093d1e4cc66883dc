import {
  backend_util,
  Concat,
  Slice,
  slice_util,
  SplitV,
  Unpack,
  util,
  type ConcatAttrs,
  type SliceAttrs,
  type SplitVAttrs,
  type TensorInfo,
  type UnpackAttrs,
} from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { fourBytes, kernel } from '../kernel.js';

// Stock `Slice` first copies the whole tensor out of the heap, however small the slice, and `SplitV` and `Unpack` are
// made of slices: a split in k costs k copies of everything. These copy what they return.

/** `Slice` of 4-byte types. */
export const slice = kernel(Slice, ['x'], (heap, { x }, attrs: SliceAttrs) => {
  if (!fourBytes(x)) return null;
  const tensor = x as Parameters<typeof slice_util.parseSliceParams>[0];
  const [begin = [], size = []] = slice_util.parseSliceParams(tensor, attrs.begin, attrs.size);
  slice_util.assertParamsValid(tensor, begin, size);
  return cut(heap, x, begin, size, size);
});

/** `SplitV` of 4-byte types. */
export const splitV = kernel(SplitV, ['x'], (heap, { x }, attrs: SplitVAttrs) => {
  if (!fourBytes(x)) return null;
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0] ?? 0;
  const tensor = x as Parameters<typeof backend_util.prepareSplitSize>[0];
  const sizes = backend_util.prepareSplitSize(tensor, attrs.numOrSizeSplits, axis);
  const begin = x.shape.map(() => 0);
  return sizes.map((length) => {
    const size = x.shape.map((full, i) => (i === axis ? length : full));
    const part = cut(heap, x, begin, size, size);
    begin[axis] = (begin[axis] ?? 0) + length;
    return part;
  });
});

/** `Unpack` of 4-byte types. */
export const unpack = kernel(Unpack, ['value'], (heap, { value: x }, attrs: UnpackAttrs) => {
  if (!fourBytes(x)) return null;
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0] ?? 0;
  const size = x.shape.map((full, i) => (i === axis ? 1 : full));
  const shape = x.shape.filter((_, i) => i !== axis);
  return Array.from({ length: x.shape[axis] ?? 0 }, (_, at) => {
    const begin = x.shape.map((_full, i) => (i === axis ? at : 0));
    return cut(heap, x, begin, size, shape);
  });
});

/** `Concat` of 4-byte types. */
export const concat = kernel(Concat, [], (heap, inputs, attrs: ConcatAttrs) => {
  const tensors = Object.values(inputs) as TensorInfo[];
  const [first] = tensors;
  if (first === undefined || tensors.some((t) => t.dtype !== first.dtype || !fourBytes(t))) return null;
  const axis = util.parseAxisParam(attrs.axis, first.shape)[0] ?? 0;
  const shapes = tensors.map((t) => t.shape);
  backend_util.assertParamsConsistent(shapes, axis);
  const outShape = backend_util.computeOutShape(shapes, axis);
  const out = heap.output(outShape, first.dtype);
  const rows = util.sizeFromShape(outShape.slice(0, axis));
  const rowBytes = 4 * util.sizeFromShape(outShape.slice(axis));
  let to = heap.pointer(out);
  for (const tensor of tensors) {
    const cols = util.sizeFromShape(tensor.shape.slice(axis));
    heap.functions.copyBlock(heap.pointer(tensor), 4 * cols, rows, cols, to, rowBytes);
    to += 4 * cols;
  }
  return out;
});

/** Copies the block of `x` at `begin` of `size` into a new tensor of `shape`. */
function cut(heap: Heap, x: TensorInfo, begin: number[], size: number[], shape: number[]): TensorInfo {
  const out = heap.output(shape, x.dtype);
  if (util.sizeFromShape(size) === 0) return out;
  const axes = mergeFullAxes(x.shape, begin, size);
  // The last axis is one run of memory, the one before it rows of a block, and those in front are walked through.
  const run = axes.pop() ?? { full: 1, begin: 0, size: 1 };
  const rows = axes.pop() ?? { full: 1, begin: 0, size: 1 };
  const blocks = axes.reduce((count, axis) => count * axis.size, 1);
  const bytes = 4 * run.size * rows.size;
  for (let i = 0; i < blocks; i++) {
    let rest = i;
    let at = 0;
    let stride = 1;
    for (const axis of [...axes].reverse()) {
      at += (axis.begin + (rest % axis.size)) * stride;
      rest = Math.floor(rest / axis.size);
      stride *= axis.full;
    }
    const from = heap.pointer(x) + 4 * ((at * rows.full + rows.begin) * run.full + run.begin);
    const to = heap.pointer(out) + i * bytes;
    heap.functions.copyBlock(from, 4 * run.full, rows.size, run.size, to, 4 * run.size);
  }
  return out;
}

interface Cut {
  full: number;
  begin: number;
  size: number;
}

/** Joins every axis that is taken whole to the one before it. */
function mergeFullAxes(shape: number[], begin: number[], size: number[]): Cut[] {
  const axes: Cut[] = [];
  shape.forEach((full, i) => {
    const axis = { full, begin: begin[i] ?? 0, size: size[i] ?? full };
    const last = axes.at(-1);
    if (last !== undefined && axis.size === full) {
      axes[axes.length - 1] = { full: last.full * full, begin: last.begin * full, size: last.size * full };
    } else {
      axes.push(axis);
    }
  });
  return axes;
}
