import { Tile, util, type TileAttrs } from '@tensorflow/tfjs-core';
import { fourBytes, kernel } from '../kernel.js';

/**
 * `Tile` of 4-byte types, which is also what broadcasting a tensor is: block by block, one axis after the other from
 * the last on. Stock works out the place of every element anew.
 */
export const tile = kernel(Tile, ['x'], (heap, { x }, { reps }: TileAttrs) => {
  if (!fourBytes(x)) return null;
  util.assertNonNegativeIntegerDimensions(reps);
  let tiled = heap.alias(x, x.shape);
  for (let axis = x.shape.length - 1; axis >= 0; axis--) {
    const times = reps[axis] ?? 1;
    if (times === 1) continue;
    const { shape } = tiled;
    const longerShape = shape.map((size, i) => (i === axis ? size * times : size));
    const longer = heap.output(longerShape, x.dtype);
    const [blocks, n] = [util.sizeFromShape(shape.slice(0, axis)), util.sizeFromShape(shape.slice(axis))];
    heap.functions.repeatBlocks(heap.pointer(tiled), blocks, n, times, heap.pointer(longer));
    heap.release(tiled);
    tiled = longer;
  }
  return tiled;
});
