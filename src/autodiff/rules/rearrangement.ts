import type { Tensor } from '@tensorflow/tfjs-core';
import { slice_util, util } from '@tensorflow/tfjs-core';
import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { sumTo } from '../../tfjs/kernels/broadcast.js';
import { pad, padTo, reshape, reverse, slice, sum, transpose } from '../../tfjs/kernels/kernel-ops.js';

/*
 * Kernels that move entries about. They are linear and know all they need from shapes and attributes, so nothing
 * is saved.
 */

/** The adjoint of repeating each axis: the copies are added up, one axis at a time. */
function untile(dy: Tensor, xShape: readonly number[], reps: readonly number[]): Tensor {
  return reps.reduce((t, repeats, axis) => {
    if (repeats === 1) return t;
    const [outer, inner] = [t.shape.slice(0, axis), t.shape.slice(axis + 1)];
    const copies = reshape(t, [
      util.sizeFromShape(outer),
      repeats,
      xShape[axis]! * util.sizeFromShape(inner),
    ]);
    return reshape(sum(copies, [1]), [...outer, xShape[axis]!, ...inner]);
  }, dy);
}

/** The adjoint of moving blocks of channels to space: moves them back. Channels last. */
function spaceToDepth(dy: Tensor, block: number, xShape: number[]): Tensor {
  const [batch, height, width, channels] = xShape as [number, number, number, number];
  const depth = channels / (block * block);
  // [b, h, i, w, j, c] → [b, h, w, i, j, c], with the trailing axes taken as one
  const rows = reshape(dy, [batch * height, block, width, block * depth]);
  return reshape(transpose(rows, [0, 2, 1, 3]), xShape);
}

export const rearrangementRules: readonly GradientRule[] = [
  { kernel: 'Reshape', pullback: ({ dy, shapes }) => ({ x: () => reshape(dy, shapes.x!) }) },
  { kernel: 'ExpandDims', pullback: ({ dy, shapes }) => ({ input: () => reshape(dy, shapes.input!) }) },
  { kernel: 'Identity', pullback: ({ dy }) => ({ x: () => dy }) },
  { kernel: 'Cast', pullback: ({ dy }) => ({ x: () => dy }) },
  {
    kernel: 'Transpose',
    pullback: ({ dy, attrs }) => {
      const perm = attrs.perm as number[];
      return {
        x: () =>
          transpose(
            dy,
            perm.map((_, axis) => perm.indexOf(axis)),
          ),
      };
    },
  },
  {
    kernel: 'Slice',
    pullback: ({ dy, shapes, attrs }) => ({
      x: () => {
        const x = { shape: shapes.x!, rank: shapes.x!.length } as unknown as Tensor;
        const [begin] = slice_util.parseSliceParams(x, attrs.begin as number[], attrs.size as number[]);
        return padTo(dy, begin!, shapes.x!);
      },
    }),
  },
  {
    kernel: 'PadV2',
    pullback: ({ dy, shapes, attrs }) => ({
      x: () =>
        slice(
          dy,
          (attrs.paddings as number[][]).map(([before]) => before!),
          shapes.x!,
        ),
    }),
  },
  {
    kernel: 'Tile',
    pullback: ({ dy, shapes, attrs }) => ({ x: () => untile(dy, shapes.x!, attrs.reps as number[]) }),
  },
  {
    kernel: 'BroadcastTo',
    pullback: ({ dy, shapes }) => ({ x: () => sumTo(dy, shapes.x!) }),
  },
  {
    kernel: 'Reverse',
    pullback: ({ dy, attrs }) => ({
      x: () => reverse(dy, util.parseAxisParam(attrs.dims as number[], dy.shape)),
    }),
  },
  {
    kernel: 'FlipLeftRight',
    pullback: ({ dy }) => ({ image: () => runKernel('FlipLeftRight', { image: dy }) }),
  },
  {
    kernel: 'SpaceToBatchND',
    pullback: ({ dy, attrs: { blockShape, paddings } }) => ({
      x: () => runKernel('BatchToSpaceND', { x: dy }, { blockShape, crops: paddings }),
    }),
  },
  {
    kernel: 'BatchToSpaceND',
    pullback: ({ dy, attrs: { blockShape, crops } }) => ({
      x: () => runKernel('SpaceToBatchND', { x: dy }, { blockShape, paddings: crops }),
    }),
  },
  {
    kernel: 'DepthToSpace',
    pullback: ({ dy, shapes, attrs }) => ({
      x: () => {
        util.assert(attrs.dataFormat === 'NHWC', () => 'channels must be last (NHWC)');
        return spaceToDepth(dy, attrs.blockSize as number, shapes.x!);
      },
    }),
  },
  {
    // The input becomes the diagonal of a square.
    kernel: 'Diag',
    pullback: ({ dy, shapes }) => ({
      x: () => {
        const n = util.sizeFromShape(shapes.x!);
        // In rows longer by one the diagonal is the first column.
        const rows = reshape(pad(reshape(dy, [n * n]), [[0, n]]), [n, n + 1]);
        return reshape(slice(rows, [0, 0], [n, 1]), shapes.x!);
      },
    }),
  },
];
