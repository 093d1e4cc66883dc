import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';
import { add, padTo, reshape, reverse, slice } from '../../tfjs/kernels/kernel-ops.js';

/**
 * Adjoint of mirroring along one axis: what was copied beyond either end is folded back onto its source.
 *
 * @param skip 1 if the border itself is not repeated (reflect), 0 if it is (symmetric)
 */
function foldBack(
  dy: Tensor,
  axis: number,
  [before, after]: readonly [number, number],
  skip: number,
): Tensor {
  if (before === 0 && after === 0) return dy;
  const outer = util.sizeFromShape(dy.shape.slice(0, axis));
  const inner = util.sizeFromShape(dy.shape.slice(axis + 1));
  const n = dy.shape[axis]! - before - after;
  const flat = reshape(dy, [outer, dy.shape[axis]!, inner]);
  const piece = (begin: number, size: number): Tensor => slice(flat, [0, begin, 0], [outer, size, inner]);
  const fold = (begin: number, size: number, onto: number): Tensor[] =>
    size === 0 ? [] : [padTo(reverse(piece(begin, size), [1]), [0, onto, 0], [outer, n, inner])];
  const folded = [...fold(0, before, skip), ...fold(before + n, after, n - skip - after)];
  const total = folded.reduce(add, piece(before, n));
  return reshape(
    total,
    dy.shape.map((size, i) => (i === axis ? n : size)),
  );
}

export const mirrorPadRules: readonly GradientRule[] = [
  {
    kernel: 'MirrorPad',
    pullback: ({ dy, attrs }) => ({
      x: () => {
        const skip = attrs.mode === 'reflect' ? 1 : 0;
        return (attrs.paddings as [number, number][]).reduce(
          (t, padding, axis) => foldBack(t, axis, padding, skip),
          dy,
        );
      },
    }),
  },
];
