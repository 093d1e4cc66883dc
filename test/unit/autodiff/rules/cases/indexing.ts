import * as tf from '@tensorflow/tfjs-core';
import { distinct, type OpCase, smooth } from '../op-case.js';

const ints = (values: number[], shape?: number[]): tf.Tensor => tf.tensor(values, shape, 'int32');

export const indexingCases: readonly OpCase[] = [
  {
    kernel: 'GatherV2',
    setting: 'with repeats',
    inputs: [smooth(4, 3)],
    op: (x) => tf.gather(x!, ints([2, 0, 2]) as tf.Tensor1D),
  },
  {
    kernel: 'GatherV2',
    setting: 'along a middle axis by a matrix',
    inputs: [smooth(2, 3, 2)],
    op: (x) => tf.gather(x!, ints([2, 0, 1, 1], [2, 2]), 1),
  },
  {
    kernel: 'GatherV2',
    setting: 'with batch dimensions',
    inputs: [smooth(2, 2, 3, 2)],
    op: (x) => tf.gather(x!, ints([2, 0, 0, 1, 1, 1], [2, 3]), 2, 1),
  },
  {
    kernel: 'UnsortedSegmentSum',
    inputs: [smooth(5, 2)],
    op: (x) => tf.unsortedSegmentSum(x!, ints([1, 0, -1, 1, 2]) as tf.Tensor1D, 3),
    backends: ['cpu'],
  },
  {
    kernel: 'GatherNd',
    inputs: [smooth(3, 2, 2)],
    op: (x) => tf.gatherND(x!, ints([0, 1, 2, 0, 0, 1], [3, 2])),
  },
  {
    kernel: 'ScatterNd',
    setting: 'with repeats',
    inputs: [smooth(3, 2)],
    op: (x) => tf.scatterND(ints([3, 1, 3], [3, 1]), x!, [4, 2]),
  },
  {
    kernel: 'TensorScatterUpdate',
    setting: 'with repeats',
    inputs: [smooth(4, 2), smooth(3, 2)],
    op: (x, updates) => tf.tensorScatterUpdate(tf.mul(x!, 2), ints([3, 1, 3], [3, 1]), updates!),
  },
  {
    kernel: 'SparseToDense',
    inputs: [smooth(3), smooth()],
    op: (values, fallback) => tf.sparseToDense(ints([0, 2, 3]), values!, [5], fallback! as tf.Scalar),
  },
  { kernel: 'TopK', inputs: [distinct(2, 5)], op: (x) => tf.topk(x!, 2).values },
  {
    kernel: 'Select',
    setting: 'with broadcasting',
    inputs: [smooth(3), smooth(2, 1)],
    op: (t, e) => tf.where(tf.tensor([1, 0, 1, 0, 0, 1], [2, 3], 'bool'), t!, e!),
  },
  {
    kernel: 'SparseSegmentSum',
    inputs: [smooth(4, 2)],
    op: (x) => tf.sparse.sparseSegmentSum(x!, ints([0, 3, 3]) as tf.Tensor1D, ints([0, 0, 1]) as tf.Tensor1D),
  },
  {
    kernel: 'SparseSegmentMean',
    inputs: [smooth(4, 2)],
    op: (x) =>
      tf.sparse.sparseSegmentMean(x!, ints([0, 3, 3]) as tf.Tensor1D, ints([0, 0, 1]) as tf.Tensor1D),
  },
  { kernel: 'booleanMask', inputs: [smooth(4)], op: (x) => tf.gather(x!, ints([1, 3]) as tf.Tensor1D) },
];
