import type { Tensor } from '@tensorflow/tfjs-core';
import { slice_util } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { padTo, reshape, reverse } from '../../tfjs/kernels/kernel-ops.js';
import { spread } from '../../tfjs/kernels/spread.js';

interface StridedSliceAttributes {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

/** The entries put back where they were taken, zeros elsewhere; a negative stride runs backwards. */
function stridedSliceAdjoint(dy: Tensor, xShape: number[], attrs: StridedSliceAttributes): Tensor {
  const { begin, end, strides } = slice_util.sliceInfo(
    xShape,
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  const counts = slice_util.computeOutShape(begin, end, strides);
  const backwards = strides.flatMap((stride, axis) => (stride < 0 ? [axis] : []));
  const forward = reverse(reshape(dy, counts), backwards);
  const spaced = strides.reduce((t, stride, axis) => spread(t, axis, Math.abs(stride)), forward);
  const first = strides.map((stride, axis) =>
    stride < 0 ? begin[axis]! + (counts[axis]! - 1) * stride : begin[axis]!,
  );
  return padTo(spaced, first, xShape);
}

export const stridedSliceRules: readonly GradientRule[] = [
  {
    kernel: 'StridedSlice',
    pullback: ({ dy, shapes, attrs }) => ({
      x: () => stridedSliceAdjoint(dy, shapes.x!, attrs as unknown as StridedSliceAttributes),
    }),
  },
];
