import type { Tensor } from '@tensorflow/tfjs-core';
import { fill, tensor } from '@tensorflow/tfjs-core';
import { add, greater, pad, select } from './kernel-ops.js';
import type { PoolAxis } from './pool-geometry.js';
import { takeEvery } from './spread.js';
import { runKernel } from '../compositions/run-kernel.js';

/**
 * For each pooling window the place of its first maximum, as an index into the flattened input.
 *
 * Goes through the cells of the window in order and remembers where the running maximum last rose. It
 * serves where no kernel can be trusted: the WASM kernels of TensorFlow.js 4.22 lose every window whose
 * maximum is not positive.
 *
 * @returns int32, shaped like the pooled tensor; the caller disposes it
 */
export function placesOfMaxima(x: Tensor, axes: readonly PoolAxis[]): Tensor {
  const padded = pad(
    x,
    [[0, 0], ...axes.map(({ before, after }) => [before, after] as const), [0, 0]],
    Number.NEGATIVE_INFINITY,
  );
  const offsets = windowOffsets(x.shape, axes);
  let best: Tensor | null = null;
  let offset: Tensor | null = null;
  forEachCell(padded, axes, (cell, k) => {
    const here = fill(cell.shape, offsets[k]!, 'int32');
    if (best == null || offset == null) {
      [best, offset] = [cell, here];
      return;
    }
    const rises = greater(cell, best);
    offset = select(rises, here, offset);
    best = runKernel('Maximum', { a: best, b: cell });
  });
  return add(offset!, windowOrigins(x.shape, axes));
}

/** Visits the cells of the window in row-major order, each as a tensor shaped like the pooled one. */
function forEachCell(
  padded: Tensor,
  axes: readonly PoolAxis[],
  visit: (cell: Tensor, k: number) => void,
): void {
  let k = 0;
  const descend = (x: Tensor, depth: number): void => {
    const axis = axes[depth];
    if (axis == null) {
      visit(x, k++);
      return;
    }
    for (let i = 0; i < axis.window; i++) {
      descend(takeEvery(x, depth + 1, axis.stride, axis.count, i), depth + 1);
    }
  };
  descend(padded, 0);
}

/** Distance in the flattened input from the origin of a window to each of its cells. */
function windowOffsets(xShape: readonly number[], axes: readonly PoolAxis[]): number[] {
  return axes
    .reduce<number[]>(
      (outer, { window, size }) =>
        outer.flatMap((offset) => Array.from({ length: window }, (_, i) => offset * size + i)),
      [0],
    )
    .map((offset) => offset * xShape.at(-1)!);
}

/** The place of the first cell of each window in the flattened input, padded or not. */
function windowOrigins(xShape: readonly number[], axes: readonly PoolAxis[]): Tensor {
  const channels = xShape.at(-1)!;
  const shape = [xShape[0]!, ...axes.map(({ count }) => count), channels];
  let origins = Array.from({ length: xShape[0]! }, (_, b) => b);
  for (const { count, size, stride, before } of axes) {
    origins = origins.flatMap((outer) =>
      Array.from({ length: count }, (_, i) => outer * size + i * stride - before),
    );
  }
  const places = new Int32Array(origins.length * channels);
  origins.forEach((origin, i) => {
    for (let c = 0; c < channels; c++) places[i * channels + c] = origin * channels + c;
  });
  return tensor(places, shape, 'int32');
}
