import type { Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from './run-kernel.js';
import { cast, reshape } from './kernel-ops.js';

/** How many leading dimensions x and indices share; a negative `batchDims` counts from the last of the indices. */
export function sharedDims(indices: Tensor, { batchDims = 0 }: { batchDims?: number }): number {
  return batchDims < 0 ? batchDims + indices.rank : batchDims;
}

/** Indices flattened, those of the i-th of `segments` examples raised by i·n. */
export function batchedIndices(indices: Tensor, segments: number, n: number): Tensor {
  const ids = cast(indices, 'int32');
  if (segments === 1) return reshape(ids, [indices.size]);
  const perExample = reshape(ids, [segments, indices.size / segments]);
  const starts = runKernel('Range', {}, { start: 0, stop: segments * n, step: n, dtype: 'int32' });
  return reshape(runKernel('Add', { a: perExample, b: reshape(starts, [segments, 1]) }), [indices.size]);
}
