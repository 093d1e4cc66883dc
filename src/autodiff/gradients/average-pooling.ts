import type { Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import { runKernel } from '../compositions/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { mul } from '../ops/kernel-ops.js';
import type { PoolAxis } from '../ops/pool-geometry.js';
import { explicitPadding, poolAxes } from '../ops/pool-geometry.js';
import { shapeOnly } from '../ops/shape-only.js';

/*
 * Average pooling is y = N⁻¹ S x, with S the sum over each window and N the number of cells of the window
 * that lie inside the image. The backward kernels of TensorFlow.js compute Sᵀ ȳ / W with the full window
 * size W, which is the adjoint only where nothing is padded. So:
 *   adjoint of the forward kernel:   x̄ = Grad((W/N) ȳ)
 *   adjoint of the backward kernel:  ū = Sx/W = (N/W) Pool(x)
 */

interface Dimension {
  readonly pool: string;
  readonly backward: string;
}

export const averagePoolingRules: readonly GradientRule[] = [
  { pool: 'AvgPool', backward: 'AvgPoolGrad' },
  { pool: 'AvgPool3D', backward: 'AvgPool3DGrad' },
].flatMap(poolingPair);

function poolingPair({ pool, backward }: Dimension): GradientRule[] {
  return [
    {
      kernel: pool,
      pullback: ({ dy, shapes, attrs }) => ({
        x: () => {
          const axes = poolAxes(shapes.x!, attrs);
          const input = shapeOnly(dy, shapes.x!);
          return runKernel(
            backward,
            { dy: weighted(dy, axes, 'W/N'), input },
            backwardAttributes(attrs, axes),
          );
        },
      }),
    },
    {
      kernel: backward,
      constantInputs: ['input'],
      pullback: ({ dy: u, shapes, attrs }) => ({
        dy: () => {
          const axes = poolAxes(shapes.input!, attrs);
          return weighted(runKernel(pool, { x: u }, attrs), axes, 'N/W');
        },
      }),
    },
  ];
}

/** The two-dimensional backward kernel forgets the rounding mode, so the padding is spelled out for it. */
function backwardAttributes(attrs: object, axes: readonly PoolAxis[]): object {
  const rounded = (attrs as { dimRoundingMode?: string }).dimRoundingMode != null;
  return rounded && axes.length === 2 ? { ...attrs, pad: explicitPadding(axes) } : attrs;
}

/** Multiplies every window by W/N or N/W. */
function weighted(y: Tensor, axes: readonly PoolAxis[], ratio: 'W/N' | 'N/W'): Tensor {
  if (axes.every(({ before, after }) => before === 0 && after === 0)) return y;
  // W/N is a product over the axes.
  const weights = axes.reduce<number[]>(
    (outer, axis) => {
      const own = cellsInside(axis).map((cells) =>
        ratio === 'W/N' ? axis.window / cells : cells / axis.window,
      );
      return outer.flatMap((weight) => own.map((factor) => weight * factor));
    },
    [1],
  );
  return mul(y, tensor(weights, [1, ...axes.map(({ count }) => count), 1]));
}

/** For each window, how many of its cells lie inside the image; 1 where none does, as nothing depends on it. */
function cellsInside({ size, count, window, stride, before }: PoolAxis): number[] {
  return Array.from({ length: count }, (_, i) => {
    const start = i * stride - before;
    return Math.max(1, Math.min(size, start + window) - Math.max(0, start));
  });
}
