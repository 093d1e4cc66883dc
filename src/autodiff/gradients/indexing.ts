import type { Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from '../compositions/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { cast, gather, mul, reshape, sub, transpose } from '../ops/kernel-ops.js';
import { util } from '@tensorflow/tfjs-core';

/* Gathering and scattering at the same constant places are each other's adjoint. */

const gatherNd = (params: Tensor, indices: Tensor): Tensor => runKernel('GatherNd', { params, indices });
const scatterNd = (indices: Tensor, updates: Tensor, shape: readonly number[]): Tensor =>
  runKernel('ScatterNd', { indices, updates }, { shape });

/**
 * Adjoint of y = gather(x, indices, axis) with `batchDims` leading dimensions shared by x and indices.
 *
 * Without batch dimensions the gathered axis is brought to the front and its slices are added where they came
 * from. With them, each example first gets a range of indices of its own.
 */
function gatherAdjoint(dy: Tensor, indices: Tensor, xShape: number[], attrs: object): Tensor {
  const { axis: axisAttr, batchDims = 0 } = attrs as { axis: number; batchDims?: number };
  const axis = util.parseAxisParam(axisAttr, xShape)[0]!;
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
  const flatIndices = offsetIndices(indices, segments, n);
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

/** Indices flattened, those of the i-th of `segments` examples raised by i·n. */
function offsetIndices(indices: Tensor, segments: number, n: number): Tensor {
  const ids = cast(indices, 'int32');
  if (segments === 1) return reshape(ids, [indices.size]);
  const perExample = reshape(ids, [segments, indices.size / segments]);
  const starts = runKernel('Range', {}, { start: 0, stop: segments * n, step: n, dtype: 'int32' });
  return reshape(runKernel('Add', { a: perExample, b: reshape(starts, [segments, 1]) }), [indices.size]);
}

/** 1 at the places that are kept, 0 at those that were overwritten. */
function untouched(indices: Tensor, updates: Tensor, shape: readonly number[]): Tensor {
  const hits = scatterNd(indices, runKernel('OnesLike', { x: updates }), shape);
  const none = runKernel('ZerosLike', { x: hits });
  return cast(runKernel('Equal', { a: hits, b: none }), 'float32');
}

export const indexingRules: readonly GradientRule[] = [
  {
    kernel: 'GatherV2',
    saveInputs: { x: ['indices'] },
    pullback: ({ dy, inputs, shapes, attrs }) => ({
      x: () => gatherAdjoint(dy, inputs.indices!, shapes.x!, attrs),
    }),
  },
  {
    // A negative segment id drops its slice.
    kernel: 'UnsortedSegmentSum',
    saveInputs: { x: ['segmentIds'] },
    pullback: ({ dy, inputs, shapes }) => ({
      x: () => gatherSegments(dy, inputs.segmentIds!, shapes.x!),
    }),
  },
  {
    kernel: 'GatherNd',
    saveInputs: { params: ['indices'] },
    pullback: ({ dy, inputs, shapes }) => ({ params: () => scatterNd(inputs.indices!, dy, shapes.params!) }),
  },
  {
    kernel: 'ScatterNd',
    saveInputs: { updates: ['indices'] },
    pullback: ({ dy, inputs, shapes }) => ({
      updates: () => reshape(gatherNd(dy, inputs.indices!), shapes.updates!),
    }),
  },
  {
    // y is `tensor` with `updates` written over it: the two adjoints share dy between them.
    kernel: 'TensorScatterUpdate',
    saveInputs: { updates: ['indices'] },
    constants: ({ indices, updates, tensor }) => [untouched(indices!, updates!, tensor!.shape)],
    pullback: ({ dy, inputs, constants, shapes }) => ({
      tensor: () => mul(dy, constants[0]!),
      updates: () => reshape(gatherNd(dy, inputs.indices!), shapes.updates!),
    }),
  },
  {
    // Zeros or the default value everywhere, but for the values at their indices.
    kernel: 'SparseToDense',
    saveInputs: { sparseValues: ['sparseIndices'] },
    constants: ({ sparseIndices, sparseValues }, [y]) => [
      untouched(places(sparseIndices!, y!.rank), sparseValues!, y!.shape),
    ],
    pullback: ({ dy, inputs, constants, shapes }) => ({
      sparseValues: () => {
        const gathered = gatherNd(dy, places(inputs.sparseIndices!, dy.rank));
        const isScalar = shapes.sparseValues!.length === 0;
        return isScalar ? sumAll(gathered) : reshape(gathered, shapes.sparseValues!);
      },
      defaultValue: () => sumAll(mul(dy, constants[0]!)),
    }),
  },
];

/** Indices of `sparseToDense` as those of `gatherND`: one row per value. */
function places(sparseIndices: Tensor, rank: number): Tensor {
  const indices = cast(sparseIndices, 'int32');
  return reshape(indices, [indices.size / rank, rank]);
}

const sumAll = (x: Tensor): Tensor =>
  runKernel('Sum', { x }, { axis: x.shape.map((_, axis) => axis), keepDims: false });

function gatherSegments(dy: Tensor, segmentIds: Tensor, xShape: number[]): Tensor {
  const ids = reshape(cast(segmentIds, 'int32'), [segmentIds.size]);
  const clipped = runKernel('Maximum', { a: ids, b: runKernel('ZerosLike', { x: ids }) });
  const present = sub(
    runKernel('OnesLike', { x: cast(ids, 'float32') }),
    cast(runKernel('Less', { a: ids, b: runKernel('ZerosLike', { x: ids }) }), 'float32'),
  );
  const slices = gather(reshape(dy, [dy.shape[0]!, dy.size / dy.shape[0]!]), clipped);
  return reshape(mul(slices, reshape(present, [ids.size, 1])), xShape);
}
