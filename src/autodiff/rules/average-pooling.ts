import { runKernel } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { returnsImage } from '../../tfjs/kernels/windows.js';
import { shapeOnly } from '../../tfjs/kernels/shape-only.js';

/*
 * Average pooling is linear: the forward and the backward kernel are each other's adjoint. (Where TensorFlow.js's
 * backward kernel is not, with padded cells, a composition stands in for it.)
 */

function poolingPair(pool: string, backward: string): GradientRule[] {
  return [
    {
      kernel: pool,
      pullback: ({ dy, shapes, attrs }) => ({
        x: () =>
          returnsImage(shapes.x!, attrs)
            ? dy
            : runKernel(backward, { dy, input: shapeOnly(dy, shapes.x!) }, attrs),
      }),
    },
    {
      kernel: backward,
      constantInputs: ['input'],
      pullback: ({ dy: u, attrs }) => ({ dy: () => runKernel(pool, { x: u }, attrs) }),
    },
  ];
}

export const averagePoolingRules: readonly GradientRule[] = [
  ...poolingPair('AvgPool', 'AvgPoolGrad'),
  ...poolingPair('AvgPool3D', 'AvgPool3DGrad'),
];
