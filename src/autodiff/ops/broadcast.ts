import type { Tensor } from '@tensorflow/tfjs-core';
import { broadcast_util, util } from '@tensorflow/tfjs-core';
import { runKernel } from '../compositions/run-kernel.js';
import { reshape, sum } from './kernel-ops.js';

/** The adjoint of broadcasting to the shape of `dy`: sums over what was repeated, so that `shape` results. */
export function sumTo(dy: Tensor, shape: number[]): Tensor {
  if (util.arraysEqual(dy.shape, shape)) return dy;
  return reshape(sum(dy, broadcast_util.getReductionAxes(shape, dy.shape)), shape);
}

/** Repeats `x` along its dimensions of size one, and new leading ones, so that `shape` results. */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  const aligned = reshape(x, [...new Array<number>(shape.length - x.rank).fill(1), ...x.shape]);
  if (util.arraysEqual(aligned.shape, shape as number[])) return aligned;
  return runKernel(
    'Tile',
    { x: aligned },
    { reps: shape.map((size, i) => (aligned.shape[i] === size ? 1 : size)) },
  );
}
