import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { KernelInputs } from '../../tfjs/kernels/run-kernel.js';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule, InputAdjoints } from '../gradient-rule.js';
import { concat, reshape, slice } from '../../tfjs/kernels/kernel-ops.js';

/* Kernels that join tensors along an axis or take them apart; each kind is the adjoint of the other. */

const positive = (axis: unknown, rank: number): number => {
  const given = util.isNumber(axis as number) ? (axis as number) : 0;
  return given < 0 ? given + rank : given;
};

/** The part of `dy` from `begin` on along an axis, in the shape of the tensor that was joined there. */
function part(dy: Tensor, axis: number, begin: number, size: number): Tensor {
  const start = dy.shape.map((_, i) => (i === axis ? begin : 0));
  return slice(
    dy,
    start,
    dy.shape.map((n, i) => (i === axis ? size : n)),
  );
}

export const joiningRules: readonly GradientRule[] = [
  {
    kernel: 'Concat',
    pullback: ({ dy, shapes, attrs }) => {
      const axis = positive(attrs.axis, dy.rank);
      const adjoints: InputAdjoints = {};
      let begin = 0;
      for (const [name, shape] of Object.entries(shapes)) {
        const at = begin;
        adjoints[name] = () => part(dy, axis, at, shape[axis]!);
        begin += shape[axis]!;
      }
      return adjoints;
    },
  },
  {
    kernel: 'SplitV',
    pullback: ({ dys, attrs }) => ({ x: () => concat(dys, positive(attrs.axis, dys[0]!.rank)) }),
  },
  {
    kernel: 'Pack',
    pullback: ({ dy, shapes, attrs }) => {
      const axis = positive(attrs.axis, dy.rank);
      return Object.fromEntries(
        Object.entries(shapes).map(([name, shape], i) => [name, () => reshape(part(dy, axis, i, 1), shape)]),
      );
    },
  },
  {
    kernel: 'Unpack',
    pullback: ({ dys, attrs }) => ({
      value: () =>
        runKernel('Pack', dys as unknown as KernelInputs, { axis: positive(attrs.axis, dys[0]!.rank + 1) }),
    }),
  },
];
