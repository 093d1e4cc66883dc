import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { pad, reshape, slice } from './kernel-ops.js';

/*
 * Spreading puts factor − 1 zeros between neighbours along an axis; taking every factor-th is its adjoint.
 * A dilated convolution is a dense one with a spread filter; the input gradient of a strided convolution is
 * a convolution of the spread output gradient.
 */

/** Sizes before, at and after an axis. */
function around(shape: readonly number[], axis: number): [number, number, number] {
  return [util.sizeFromShape(shape.slice(0, axis)), shape[axis]!, util.sizeFromShape(shape.slice(axis + 1))];
}

/** Spreads `x` along `axis`: n entries become (n − 1)·factor + 1. */
export function spread(x: Tensor, axis: number, factor: number): Tensor {
  if (factor === 1) return x;
  const [outer, n, inner] = around(x.shape, axis);
  const spaced = pad(reshape(x, [outer, n, 1, inner]), [
    [0, 0],
    [0, 0],
    [0, factor - 1],
    [0, 0],
  ]);
  const size = (n - 1) * factor + 1;
  const trimmed = slice(reshape(spaced, [outer, n * factor, inner]), [0, 0, 0], [outer, size, inner]);
  return reshape(trimmed, withSize(x.shape, axis, size));
}

/** Every `factor`-th entry along `axis`, from the one at `offset`, `count` of them. */
export function takeEvery(x: Tensor, axis: number, factor: number, count: number, offset = 0): Tensor {
  const [outer, n, inner] = around(x.shape, axis);
  if (factor === 1) {
    return reshape(
      slice(reshape(x, [outer, n, inner]), [0, offset, 0], [outer, count, inner]),
      withSize(x.shape, axis, count),
    );
  }
  const span = count * factor;
  // Bring the axis to a whole number of periods that starts at a multiple of the factor.
  const first = Math.floor(offset / factor) * factor;
  const flat = reshape(x, [outer, n, inner]);
  const padded = pad(flat, [
    [0, 0],
    [0, Math.max(0, first + span - n)],
    [0, 0],
  ]);
  const periods = reshape(slice(padded, [0, first, 0], [outer, span, inner]), [outer, count, factor, inner]);
  return reshape(
    slice(periods, [0, 0, offset - first, 0], [outer, count, 1, inner]),
    withSize(x.shape, axis, count),
  );
}

function withSize(shape: readonly number[], axis: number, size: number): number[] {
  return shape.map((old, i) => (i === axis ? size : old));
}
