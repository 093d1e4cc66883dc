import { util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { runKernel } from './stock-ops.js';

/**
 * An output gradient in the shape that the op's output has. Release it.
 *
 * tfjs does not hand every gradient the rounding mode of its op, so the output may also have been rounded up. Of one that
 * is larger than either only the beginning counts, as on cpu: `conv2dTranspose` lets its caller state any size.
 *
 * @param op named in errors
 * @param stated shape of the output by the attributes of the call
 * @param roundedUp the same where divisions are rounded up
 * @param channels the axis of the channels
 */
export function fitOutputGradient(
  heap: Heap,
  op: string,
  dy: TensorInfo,
  stated: readonly number[],
  roundedUp: readonly number[],
  channels: number = stated.length - 1,
): TensorInfo {
  const shape = stated.map((size, axis) => {
    const up = roundedUp[axis] ?? size;
    return dy.shape[axis] === up ? up : size;
  });
  const fits = shape.every((size, axis) => {
    const given = dy.shape[axis] ?? -1;
    return axis === 0 || axis === channels ? given === size : given >= size;
  });
  util.assert(
    fits && dy.shape.length === shape.length,
    () => `Error in the gradient of ${op}: dy of shape [${dy.shape}] does not fit an output of [${stated}].`,
  );
  if (util.arraysEqual(dy.shape, shape)) return heap.alias(dy, shape);
  return runKernel(heap, 'Slice', { x: dy }, { begin: shape.map(() => 0), size: shape });
}
