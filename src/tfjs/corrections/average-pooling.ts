import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import { mul } from '../kernels/kernel-ops.js';
import type { PoolAxis } from '../kernels/pool-geometry.js';
import { explicitPadding, poolAxes } from '../kernels/pool-geometry.js';
import { type Composition, isMarkedExact, type KernelInputs } from './correction.js';

/*
 * Average pooling is y = N⁻¹ S x, with S the sum over each window and N the number of its cells that lie inside the
 * image. The backward kernels of TensorFlow.js compute Sᵀ ȳ / W with the full window size W; the adjoint is Sᵀ N⁻¹ ȳ.
 * So ȳ is first multiplied by W/N.
 */

const isPadded = ({ before, after }: PoolAxis): boolean => before > 0 || after > 0;

/** W/N for each window: a product over the axes. Shaped to broadcast against the pooled tensor. */
function windowWeights(axes: readonly PoolAxis[]): Tensor {
  const weights = axes.reduce<number[]>(
    (outer, axis) =>
      outer.flatMap((weight) => cellsInside(axis).map((cells) => (weight * axis.window) / cells)),
    [1],
  );
  return tensor(weights, [1, ...axes.map(({ count }) => count), 1]);
}

/** For each window, how many of its cells lie inside the image; 1 where none does, as nothing depends on it. */
function cellsInside({ size, count, window, stride, before }: PoolAxis): number[] {
  return Array.from({ length: count }, (_, i) => {
    const start = i * stride - before;
    return Math.max(1, Math.min(size, start + window) - Math.max(0, start));
  });
}

/** The two-dimensional backward kernel forgets the rounding mode, so the padding is spelled out for it. */
function spelledOut(attrs: NamedAttrMap, axes: readonly PoolAxis[]): object {
  return axes.length === 2 ? { ...attrs, pad: explicitPadding(axes), dimRoundingMode: undefined } : attrs;
}

function backwardPooling(kernel: string): Composition {
  return {
    kernel,
    insteadOf: ({ input }: KernelInputs, attrs) =>
      !isMarkedExact(kernel) && poolAxes(input!.shape, attrs).some(isPadded),
    compute: ({ dy, input }, attrs, own) => {
      const axes = poolAxes(input!.shape, attrs);
      return own({ dy: mul(dy!, windowWeights(axes)), input: input! }, spelledOut(attrs, axes));
    },
  };
}

export const averagePoolingCompositions: readonly Composition[] = [
  backwardPooling('AvgPoolGrad'),
  backwardPooling('AvgPool3DGrad'),
];
