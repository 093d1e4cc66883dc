import type { Tensor } from '@tensorflow/tfjs-core';
import { range } from '@tensorflow/tfjs-core';
import { runKernel } from './run-kernel.js';
import { cast, equal, gatherNd, indicator, mul, reshape } from './kernel-ops.js';

/** What became of values written over a tensor. */
export interface Writes {
  /** 1 for each value that is not written over by a later one; shape [values, 1]. */
  readonly lasting: Tensor;
  /** 1 for each entry of the output that nothing was written to, else 0; shape of the output. */
  readonly untouched: Tensor;
}

/**
 * Follows writes in order.
 *
 * @param indices int32 of shape [values, depth], into an output of `shape`
 */
export function traceWrites(indices: Tensor, shape: readonly number[]): Writes {
  const [values, depth] = indices.shape as [number, number];
  const outer = shape.slice(0, depth);
  const numbers = range(1, values + 1, 1, 'float32');
  const none = range(0, 1, 1, 'float32');
  const lastWriter = runKernel(
    'SparseToDense',
    { sparseIndices: indices, sparseValues: numbers, defaultValue: reshape(none, []) },
    { outputShape: outer },
  );
  const survivors = gatherNd(lastWriter, indices);
  const lasting = reshape(indicator(equal(survivors, numbers)), [values, 1]);
  const empty = indicator(equal(lastWriter, none));
  const sliceDims = shape.slice(depth);
  const full = runKernel('Fill', {}, { shape: [...shape], value: 1, dtype: 'float32' });
  return { lasting, untouched: mul(full, reshape(empty, [...outer, ...sliceDims.map(() => 1)])) };
}

/** Indices as rows, one for each value, into an output whose leading dimensions they address. */
export function rowsOf(indices: Tensor, depth: number): Tensor {
  const ids = cast(indices, 'int32');
  return reshape(ids, [ids.size / depth, depth]);
}
