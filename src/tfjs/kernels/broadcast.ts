import type { Tensor } from '@tensorflow/tfjs-core';
import { broadcast_util, fill, util } from '@tensorflow/tfjs-core';
import { add, reshape, sum } from './kernel-ops.js';

/** The adjoint of broadcasting to the shape of `dy`: sums over what was repeated, so that `shape` results. */
export function sumTo(dy: Tensor, shape: number[]): Tensor {
  if (util.arraysEqual(dy.shape, shape)) return dy;
  return reshape(sum(dy, broadcast_util.getReductionAxes(shape, dy.shape)), shape);
}

/**
 * Repeats `x` along its dimensions of size one, and new leading ones, so that `shape` results.
 *
 * As a sum with zeros: filling and adding are vectorised on the WASM backend, where `Tile` takes twenty times as
 * long.
 */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  if (util.sizeFromShape([...shape]) === x.size) return reshape(x, shape);
  return add(fill([...shape], 0, x.dtype as 'float32' | 'int32'), x);
}
