import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { scalar, util } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { batchedIndices, sharedDims } from '../../tfjs/kernels/batched-indices.js';
import { broadcastTo } from '../../tfjs/kernels/broadcast.js';
import {
  cast,
  gather,
  gatherNd,
  greaterEqual,
  indicator,
  less,
  multiplyNoNan,
  reshape,
  scatterNd,
  select,
  transpose,
} from '../../tfjs/kernels/kernel-ops.js';

/* Gathering and scattering at the same constant places are each other's adjoint. */

/**
 * Adjoint of y = gather(x, indices, axis) with `batchDims` leading dimensions shared by x and indices.
 *
 * Without batch dimensions the gathered axis is brought to the front and its slices are added where they came
 * from. With them, each example first gets a range of indices of its own.
 */
function gatherAdjoint(dy: Tensor, indices: Tensor, xShape: number[], attrs: NamedAttrMap): Tensor {
  const batchDims = sharedDims(indices, attrs);
  const axis = util.parseAxisParam(attrs.axis as number, xShape)[0]!;
  const rank = xShape.length;
  const indexRank = indices.rank;
  // x: [batch…, outer…, n, inner…], indices: [batch…, index…], dy: [batch…, outer…, index…, inner…]
  const batch = xShape.slice(0, batchDims);
  const outer = xShape.slice(batchDims, axis);
  const inner = xShape.slice(axis + 1);
  const n = xShape[axis]!;
  const indexDims = indexRank - batchDims;
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
  // Slices first: [batch…, index…, outer…, inner…]
  const front = transpose(dy, [
    ...range(0, batchDims),
    ...range(axis, indexDims),
    ...range(batchDims, outer.length),
    ...range(axis + indexDims, inner.length),
  ]);
  const sliceSize = util.sizeFromShape([...outer, ...inner]);
  const segments = util.sizeFromShape(batch);
  const flatIndices = batchedIndices(indices, segments, n);
  const added = runKernel(
    'UnsortedSegmentSum',
    { x: reshape(front, [indices.size, sliceSize]), segmentIds: flatIndices },
    { numSegments: segments * n },
  );
  const slicesFirst = reshape(added, [...batch, n, ...outer, ...inner]);
  return transpose(slicesFirst, [
    ...range(0, batchDims),
    ...range(batchDims + 1, outer.length),
    batchDims,
    ...range(axis + 1, rank - axis - 1),
  ]);
}

export const indexingRules: readonly GradientRule[] = [
  {
    kernel: 'GatherV2',
    constantInputs: ['indices'],
    saveInputs: { x: ['indices'] },
    pullback: ({ dy, inputs, shapes, attrs }) => ({
      x: () => gatherAdjoint(dy, inputs.indices!, shapes.x!, attrs),
    }),
  },
  {
    // A slice whose id is no segment's is dropped.
    kernel: 'UnsortedSegmentSum',
    constantInputs: ['segmentIds'],
    saveInputs: { x: ['segmentIds'] },
    pullback: ({ dy, inputs, shapes }) => ({
      x: () => gatherSegments(dy, inputs.segmentIds!, shapes.x!),
    }),
  },
  {
    kernel: 'GatherNd',
    constantInputs: ['indices'],
    saveInputs: { params: ['indices'] },
    pullback: ({ dy, inputs, shapes }) => ({ params: () => scatterNd(inputs.indices!, dy, shapes.params!) }),
  },
  {
    kernel: 'ScatterNd',
    constantInputs: ['indices'],
    saveInputs: { updates: ['indices'] },
    pullback: ({ dy, inputs, shapes }) => ({
      updates: () => reshape(gatherNd(dy, inputs.indices!), shapes.updates!),
    }),
  },
];

/** The slice of its segment for each row of x; zeros for a row whose segment does not exist. */
function gatherSegments(dy: Tensor, segmentIds: Tensor, xShape: number[]): Tensor {
  const ids = reshape(cast(segmentIds, 'int32'), [segmentIds.size]);
  const exists = runKernel('LogicalAnd', {
    a: greaterEqual(ids, scalar(0, 'int32')),
    b: less(ids, scalar(dy.shape[0]!, 'int32')),
  });
  const safe = select(exists, ids, runKernel('ZerosLike', { x: ids }));
  const slices = gather(reshape(dy, [dy.shape[0]!, dy.size / dy.shape[0]!]), safe);
  const mask = broadcastTo(reshape(indicator(exists), [ids.size, 1]), slices.shape);
  return reshape(multiplyNoNan(slices, mask), xShape);
}
