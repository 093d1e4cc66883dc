import { backend_util, GatherV2, util, type GatherV2Attrs, type TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf, type Heap } from '../heap.js';
import { kernel } from '../kernel.js';

/**
 * `GatherV2`: y[b, o, i, :] = x[b, o, indices[b, i], :], slices copied in one pass. Stock copies all indices out of the heap,
 * takes slices of the wrong example (and numbers from behind the tensor) where batch dimensions make several, forgets
 * the shape of an empty result, and reads indices that are not int32 as if they were.
 */
export const gather = kernel(GatherV2, ['x', 'indices'], (heap, { x, indices }, attrs: GatherV2Attrs) => {
  if (x.dtype === 'string' || x.dtype === 'complex64') return null;
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0] ?? 0;
  const size = x.shape[axis] ?? 0;
  requireIndices(heap, indices, size);
  type Gathered = Parameters<typeof backend_util.segment_util.collectGatherOpShapeInfo>;
  const { batchSize, outerSize, sliceSize, outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
    x as Gathered[0],
    indices as Gathered[1],
    axis,
    attrs.batchDims ?? 0,
  );
  const y = heap.output(outputShape, x.dtype);
  if (sizeOf(y) === 0) return y;
  heap.functions.gather(
    ...[heap.pointer(x), heap.pointer(indices), heap.pointer(y)],
    ...[batchSize, outerSize, size, sizeOf(indices) / batchSize],
    sliceSize * util.bytesPerElement(x.dtype),
  );
  return y;
});

/** Throws unless the indices are whole numbers in [0, size). */
function requireIndices(heap: Heap, indices: TensorInfo, size: number): void {
  util.assert(
    indices.dtype === 'int32',
    () => `Error in gather: indices must be int32, got ${indices.dtype}.`,
  );
  const [at, count] = [heap.pointer(indices), sizeOf(indices)];
  const outside = heap.functions.firstOutside(at, count, size);
  util.assert(outside === count, () => {
    const index = new Int32Array(heap.backend.wasm.HEAPU8.buffer, at, count)[outside];
    return `GatherV2: the index value ${index} is not in [0, ${size - 1}]`;
  });
}
