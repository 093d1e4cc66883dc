import { UnsortedSegmentSum, util, type UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core';
import { kernel } from '../kernel.js';
import { asFloat32 } from '../stock-ops.js';

/**
 * `UnsortedSegmentSum`, which the WASM backend lacks and the gradient of an embedding needs:
 * out[s, ...] = sum of x[i, ...] over segmentIds[i] = s. Ids outside [0, numSegments) are left out, as on cpu; the
 * result is float32 also for int32 x, as on cpu.
 */
export const unsortedSegmentSum = kernel(
  UnsortedSegmentSum,
  ['x', 'segmentIds'],
  (heap, { x, segmentIds: ids }, { numSegments }: UnsortedSegmentSumAttrs) => {
    const [count = 0, ...rest] = x.shape;
    util.assert(
      ids.shape.length === 1 && ids.shape[0] === count && ids.dtype === 'int32',
      () => `Error in unsortedSegmentSum: segmentIds must be int32 of shape [${count}], got [${ids.shape}].`,
    );
    const out = heap.output([numSegments, ...rest]);
    const values = asFloat32(heap, x);
    const inner = util.sizeFromShape(rest);
    const [from, at] = [heap.pointer(values), heap.pointer(ids)];
    heap.functions.segmentSum(from, at, count, inner, heap.pointer(out), numSegments);
    heap.release(values);
    return out;
  },
);
