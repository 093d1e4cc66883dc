import { util } from '@tensorflow/tfjs-core';
import {
  add,
  cast,
  gather,
  multiplyNoNan,
  reshape,
  reverse,
  scatterNd,
  transpose,
} from '../kernels/kernel-ops.js';
import { broadcastTo } from '../kernels/broadcast.js';
import { takeEvery } from '../kernels/spread.js';
import { stridedEntries } from '../kernels/strided-slice.js';
import { batchedIndices, sharedDims } from '../kernels/batched-indices.js';
import { rowsOf, traceWrites } from '../kernels/writes.js';
import type { Correction } from './correction.js';

const gatherWithBatches: Correction = {
  kernel: 'GatherV2',
  backends: ['wasm'],
  why: 'takes slices of the wrong example where there are several',
  when: ({ x, indices }, attrs) => {
    const batchDims = sharedDims(indices!, attrs);
    const examples = util.sizeFromShape(x!.shape.slice(0, batchDims));
    return batchDims > 0 && examples > 1;
  },
  compute: ({ x, indices }, attrs) => {
    const batchDims = sharedDims(indices!, attrs);
    const axis = util.parseAxisParam(attrs.axis as number, x!.shape)[0]!;
    const batch = x!.shape.slice(0, batchDims);
    const [outer, inner] = [x!.shape.slice(batchDims, axis), x!.shape.slice(axis + 1)];
    const [b, o, i] = [batch, outer, inner].map((shape) => util.sizeFromShape(shape)) as [
      number,
      number,
      number,
    ];
    const n = x!.shape[axis]!;
    const indexShape = indices!.shape.slice(batchDims);
    // [b, o, n, i] → [b·n, o·i], gather, and back
    const slices = reshape(transpose(reshape(x!, [b, o, n, i]), [0, 2, 1, 3]), [b * n, o * i]);
    const gathered = gather(slices, batchedIndices(indices!, b, n));
    const count = util.sizeFromShape(indexShape);
    const turned = transpose(reshape(gathered, [b, count, o, i]), [0, 2, 1, 3]);
    return reshape(turned, [...batch, ...outer, ...indexShape, ...inner]);
  },
};

const stridedSlice: Correction = {
  kernel: 'StridedSlice',
  backends: 'all',
  why: 'reads the wrong entries where an axis is dropped or added beside one with a stride',
  when: ({ x }, attrs) => {
    const { finalShapeSparse, isIdentity, sliceDim0, isSimpleSlice } = stridedEntries(x!.shape, attrs);
    return !isIdentity && !sliceDim0 && !isSimpleSlice && finalShapeSparse.length !== x!.rank;
  },
  compute: ({ x }, attrs) => {
    const { finalShape, strides, counts, first } = stridedEntries(x!.shape, attrs);
    const taken = strides.reduce((t, stride, axis) => {
      const forward = takeEvery(t, axis, Math.abs(stride), counts[axis]!, first[axis]!);
      return stride < 0 ? reverse(forward, [axis]) : forward;
    }, x!);
    return reshape(taken, finalShape);
  },
};

const tensorScatterUpdate: Correction = {
  kernel: 'TensorScatterUpdate',
  backends: ['cpu'],
  why: 'writes into its input',
  when: ({ tensor }) => tensor!.dtype === 'float32',
  compute: ({ tensor, indices, updates }) => {
    const rows = rowsOf(cast(indices!, 'int32'), indices!.shape.at(-1)!);
    const { lasting, untouched } = traceWrites(rows, tensor!.shape);
    const sliceShape = tensor!.shape.slice(rows.shape[1]);
    const values = reshape(updates!, [lasting.size, util.sizeFromShape(sliceShape)]);
    const kept = multiplyNoNan(values, broadcastTo(lasting, values.shape));
    const written = scatterNd(rows, reshape(kept, [lasting.size, ...sliceShape]), tensor!.shape);
    return add(multiplyNoNan(tensor!, untouched), written);
  },
};

export const indexingCorrections: readonly Correction[] = [
  gatherWithBatches,
  stridedSlice,
  tensorScatterUpdate,
];
