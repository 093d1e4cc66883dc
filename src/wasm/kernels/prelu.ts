import { broadcast_util, Prelu, util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32, input, passOn, type TrainingKernel } from '../kernel.js';
import { runKernel } from '../stock-ops.js';

/**
 * `Prelu` with broadcasting. Stock reads alpha over and over again along the flat input, which is right only where alpha has
 * the shape of the input's last axes.
 */
export const prelu: TrainingKernel = {
  kernelName: Prelu,
  create: (heap, stock) => (call) => {
    const [x, alpha] = [input(call, 'x'), input(call, 'alpha')];
    const shape = broadcast_util.assertAndGetBroadcastShape(x.shape, alpha.shape);
    const repeats = util.arraysEqual(shape, x.shape) && endsWith(shape, alpha.shape);
    if (repeats || !allFloat32(x, alpha)) return passOn(stock, heap, call);
    const whole = { x: expand(heap, x, shape), alpha: expand(heap, alpha, shape) };
    const y = passOn(stock, heap, { ...call, inputs: whole });
    for (const tensor of Object.values(whole)) heap.release(tensor);
    return y;
  },
};

/** True where `end`, but for ones in front, is how `shape` ends. */
function endsWith(shape: number[], end: number[]): boolean {
  const first = end.findIndex((size) => size !== 1);
  const own = first < 0 ? [] : end.slice(first);
  return util.arraysEqual(own, shape.slice(shape.length - own.length));
}

/** The tensor repeated along the axes that broadcast. Release it. */
function expand(heap: Heap, tensor: TensorInfo, shape: number[]): TensorInfo {
  const sizes = [...shape.map(() => 1), ...tensor.shape].slice(-shape.length);
  const aligned = heap.alias(tensor, sizes);
  const reps = shape.map((size, axis) => (sizes[axis] === size ? 1 : size));
  const whole = runKernel(heap, 'Tile', { x: aligned }, { reps });
  heap.release(aligned);
  return whole;
}
