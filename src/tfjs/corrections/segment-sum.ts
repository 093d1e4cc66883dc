import type { Tensor } from '@tensorflow/tfjs-core';
import { fill, scalar } from '@tensorflow/tfjs-core';
import { cast, less, reshape, select, slice } from '../kernels/kernel-ops.js';
import { isMarkedExact, type Correction } from './correction.js';
import { runKernel } from '../kernels/run-kernel.js';

/** Ids outside of 0 … n − 1 replaced by n, the number of a row that is thrown away. */
function withinRange(segmentIds: Tensor, n: number): Tensor {
  const ids = reshape(cast(segmentIds, 'int32'), [segmentIds.size]);
  const isPresent = runKernel('LogicalAnd', {
    a: runKernel('GreaterEqual', { a: ids, b: scalar(0, 'int32') }),
    b: less(ids, scalar(n, 'int32')),
  });
  return select(isPresent, ids, fill(ids.shape, n, 'int32'));
}

/** Whether someone registered a segment sum on WASM that goes once through x. */
const hasFastSegmentSum = (): boolean => isMarkedExact('UnsortedSegmentSum');

export const segmentSumCorrections: readonly Correction[] = [
  {
    // Scattering along one axis is a segment sum.
    kernel: 'ScatterNd',
    backends: ['wasm'],
    when: ({ indices, updates }) =>
      indices!.shape.at(-1) === 1 && updates!.dtype === 'float32' && hasFastSegmentSum(),
    why: 'goes through the output once for every update, where a segment sum is at hand',
    isRight: () => true,
    compute: ({ indices, updates }, attrs) => {
      const [n, ...sliceShape] = attrs.shape as [number, ...number[]];
      const rows = reshape(updates!, [indices!.size, ...sliceShape]);
      const segmentIds = reshape(cast(indices!, 'int32'), [indices!.size]);
      return runKernel('UnsortedSegmentSum', { x: rows, segmentIds }, { numSegments: n });
    },
  },
  {
    kernel: 'UnsortedSegmentSum',
    backends: ['cpu'],
    why: 'goes through all of x once for every segment',
    isRight: () => true,
    compute: ({ x, segmentIds }, attrs) => {
      const n = attrs.numSegments as number;
      const sliceShape = x!.shape.slice(1);
      const indices = reshape(withinRange(segmentIds!, n), [segmentIds!.size, 1]);
      const sums = runKernel('ScatterNd', { indices, updates: x! }, { shape: [n + 1, ...sliceShape] });
      return slice(sums, [0, ...sliceShape.map(() => 0)], [n, ...sliceShape]);
    },
  },
];
