import type { Tensor } from '@tensorflow/tfjs-core';
import { fill, util } from '@tensorflow/tfjs-core';
import { add, reshape, sum } from './kernel-ops.js';

/** The adjoint of broadcasting to the shape of `dy`: sums over what was repeated, so that `shape` results. */
export function sumTo(dy: Tensor, shape: number[]): Tensor {
  const added = dy.rank - shape.length;
  const repeated = dy.shape.flatMap((size, axis) => (size === shape[axis - added] ? [] : [axis]));
  return reshape(sum(dy, repeated), shape);
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
