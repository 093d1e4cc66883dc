import type { Tensor } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { padTo, reshape, reverse } from '../../tfjs/kernels/kernel-ops.js';
import { spread } from '../../tfjs/kernels/spread.js';
import { stridedEntries } from '../../tfjs/kernels/strided-slice.js';

/** The entries put back where they were taken, zeros elsewhere; a negative stride runs backwards. */
function stridedSliceAdjoint(dy: Tensor, xShape: number[], attrs: object): Tensor {
  const { strides, counts, first } = stridedEntries(xShape, attrs);
  const backwards = strides.flatMap((stride, axis) => (stride < 0 ? [axis] : []));
  const forward = reverse(reshape(dy, counts), backwards);
  const spaced = strides.reduce((t, stride, axis) => spread(t, axis, Math.abs(stride)), forward);
  return padTo(spaced, first, xShape);
}

export const stridedSliceRules: readonly GradientRule[] = [
  {
    kernel: 'StridedSlice',
    pullback: ({ dy, shapes, attrs }) => ({
      x: () => stridedSliceAdjoint(dy, shapes.x!, attrs),
    }),
  },
];
