import { Sum, backend_util, util, type SumAttrs } from '@tensorflow/tfjs-core';
import { sizeOf } from '../heap.js';
import { allFloat32, kernel } from '../kernel.js';

/**
 * `Sum` over adjacent axes, read once in memory order; stock transposes the tensor unless the axes are the last.
 * Axes that are not adjacent and integers stay with the stock kernel, except that a sum of nothing is 0: stock leaves
 * it undefined.
 */
export const sum = kernel(Sum, ['x'], (heap, { x }, { axis, keepDims }: SumAttrs) => {
  const axes = util.parseAxisParam(axis, x.shape);
  const block = adjacent(x.shape, axes);
  const isEmpty = sizeOf(x) === 0;
  if (!isEmpty && (!allFloat32(x) || block === null)) return null;
  const inOrder = [...axes].sort((a, b) => a - b);
  const [reduced] = backend_util.computeOutAndReduceShapes(x.shape, inOrder);
  const shape = keepDims ? backend_util.expandShapeToKeepDim(reduced, axes) : reduced;
  const out = heap.output(shape, x.dtype === 'bool' ? 'int32' : x.dtype);
  if (isEmpty || block === null) {
    heap.clear(out);
    return out;
  }
  const { outer, middle, inner } = block;
  const [from, to] = [heap.pointer(x), heap.pointer(out)];
  if (inner === 1) heap.functions.sumTrailing(from, outer, middle, to);
  else heap.functions.sumMiddle(from, outer, middle, inner, to);
  return out;
});

/** The shape as [outer, middle, inner] with all of `axes` in the middle; null where other axes lie between them. */
function adjacent(shape: number[], axes: number[]): { outer: number; middle: number; inner: number } | null {
  const real = axes.filter((axis) => shape[axis] !== 1);
  if (real.length === 0) return { outer: util.sizeFromShape(shape), middle: 1, inner: 1 };
  const [first, last] = [Math.min(...real), Math.max(...real)];
  for (let axis = first; axis <= last; axis++) {
    if (shape[axis] !== 1 && !real.includes(axis)) return null;
  }
  return {
    outer: util.sizeFromShape(shape.slice(0, first)),
    middle: util.sizeFromShape(shape.slice(first, last + 1)),
    inner: util.sizeFromShape(shape.slice(last + 1)),
  };
}
