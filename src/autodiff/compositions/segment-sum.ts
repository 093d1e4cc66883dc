import type { Tensor } from '@tensorflow/tfjs-core';
import { fill, getBackend, scalar } from '@tensorflow/tfjs-core';
import { cast, reshape, select, slice } from '../ops/kernel-ops.js';
import type { Composition } from './composition.js';
import { runKernel } from './run-kernel.js';

/** Ids outside of 0 … n − 1 replaced by n, the number of a row that is thrown away. */
function withinRange(segmentIds: Tensor, n: number): Tensor {
  const ids = reshape(cast(segmentIds, 'int32'), [segmentIds.size]);
  const isPresent = runKernel('LogicalAnd', {
    a: runKernel('GreaterEqual', { a: ids, b: scalar(0, 'int32') }),
    b: runKernel('Less', { a: ids, b: scalar(n, 'int32') }),
  });
  return select(isPresent, ids, fill(ids.shape, n, 'int32'));
}

export const segmentSumCompositions: readonly Composition[] = [
  {
    // The cpu kernel goes through all of x once for every segment.
    kernel: 'UnsortedSegmentSum',
    insteadOf: () => getBackend() === 'cpu',
    compute: ({ x, segmentIds }, attrs) => {
      const n = attrs.numSegments as number;
      const sliceShape = x!.shape.slice(1);
      const indices = reshape(withinRange(segmentIds!, n), [segmentIds!.size, 1]);
      const sums = runKernel('ScatterNd', { indices, updates: x! }, { shape: [n + 1, ...sliceShape] });
      return slice(sums, [0, ...sliceShape.map(() => 0)], [n, ...sliceShape]);
    },
  },
];
