import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { shapeOnly } from '../../tfjs/kernels/shape-only.js';

/* Resizing is linear: the forward and the backward kernel are each other's adjoint. */

function resizingPair(resize: string, backward: string): GradientRule[] {
  return [
    {
      kernel: resize,
      pullback: ({ dy, shapes, attrs }) => ({
        images: () => runKernel(backward, { dy, images: shapeOnly(dy, shapes.images!) }, attrs),
      }),
    },
    {
      kernel: backward,
      constantInputs: ['images'],
      pullback: ({ dy: u, shapes, attrs }) => ({
        dy: () => runKernel(resize, { images: u }, { ...attrs, size: shapes.dy!.slice(1, 3) }),
      }),
    },
  ];
}

export const resizingRules: readonly GradientRule[] = [
  ...resizingPair('ResizeBilinear', 'ResizeBilinearGrad'),
  ...resizingPair('ResizeNearestNeighbor', 'ResizeNearestNeighborGrad'),
];
