import type { Tensor } from '@tensorflow/tfjs-core';
import { onesLike, scalar } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { cast, div, gather, reshape, segmentSum } from '../../tfjs/kernels/kernel-ops.js';

/** yₛ is the sum, or mean, of the rows `indices` of the data that belong to segment s. */
function segmentRule(kernel: string, isMean: boolean): GradientRule {
  return {
    kernel,
    constantInputs: ['indices', 'segmentIds'],
    saveInputs: ['indices', 'segmentIds'],
    pullback: ({ dy, inputs, shapes }) => ({
      data: () => {
        const { indices, segmentIds } = inputs as { indices: Tensor; segmentIds: Tensor };
        const share = isMean ? div(dy, rowsPerSegment(segmentIds, dy)) : dy;
        return segmentSum(gather(share, cast(segmentIds, 'int32')), cast(indices, 'int32'), shapes.data![0]!);
      },
    }),
  };
}

/** How many rows each segment has, at least one; shaped to broadcast against `dy`. */
function rowsPerSegment(segmentIds: Tensor, dy: Tensor): Tensor {
  const ones = onesLike(cast(segmentIds, 'float32'));
  const counts = segmentSum(ones, cast(segmentIds, 'int32'), dy.shape[0]!);
  const atLeastOne = runKernel('Maximum', { a: counts, b: scalar(1) });
  return reshape(atLeastOne, [dy.shape[0]!, ...dy.shape.slice(1).map(() => 1)]);
}

export const sparseSegmentRules: readonly GradientRule[] = [
  segmentRule('SparseSegmentSum', false),
  segmentRule('SparseSegmentMean', true),
];
