import { Tile, util, type TileAttrs } from '@tensorflow/tfjs-core';
import { attributes, fourBytes, input, passOn, type TrainingKernel } from '../kernel.js';

/**
 * `Tile` of 4-byte types, which is also what broadcasting a tensor is: block by block, one axis after the other from
 * the last on. Stock works out the place of every element anew.
 */
export const tile: TrainingKernel = {
  kernelName: Tile,
  create: (heap, stock) => (call) => {
    const x = input(call, 'x');
    if (!fourBytes(x)) return passOn(stock, heap, call);
    const { reps } = attributes<TileAttrs>(call);
    util.assertNonNegativeIntegerDimensions(reps);
    let tiled = heap.alias(x, x.shape);
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      const times = reps[axis] ?? 1;
      if (times === 1) continue;
      const { shape } = tiled;
      const longer = heap.output(
        shape.map((size, i) => (i === axis ? size * times : size)),
        x.dtype,
      );
      heap.functions.repeatBlocks(
        heap.pointer(tiled),
        util.sizeFromShape(shape.slice(0, axis)),
        util.sizeFromShape(shape.slice(axis)),
        times,
        heap.pointer(longer),
      );
      heap.release(tiled);
      tiled = longer;
    }
    return tiled;
  },
};
