import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';
import { mul } from '../kernels/kernel-ops.js';
import type { WindowAxis } from '../kernels/windows.js';
import { poolAxes, withExplicitPadding } from '../kernels/windows.js';
import type { Correction } from './correction.js';

/*
 * Average pooling is y = N⁻¹ S x, with S the sum over each window and N the number of its cells that lie inside the
 * image. The backward kernels of TensorFlow.js compute Sᵀ ȳ / W with the full window size W; the adjoint is Sᵀ N⁻¹ ȳ.
 * So ȳ is first multiplied by W/N.
 */

const isPadded = ({ before, after }: WindowAxis): boolean => before > 0 || after > 0;

/** W/N for each window: a product over the axes. Shaped to broadcast against the pooled tensor. */
function windowWeights(axes: readonly WindowAxis[]): Tensor {
  const weights = axes.reduce<number[]>(
    (outer, axis) =>
      outer.flatMap((weight) => cellsInside(axis).map((cells) => (weight * axis.window) / cells)),
    [1],
  );
  return tensor(weights, [1, ...axes.map(({ count }) => count), 1]);
}

/** For each window, how many of its cells lie inside the image; 1 where none does, as nothing depends on it. */
function cellsInside({ size, count, window, stride, before }: WindowAxis): number[] {
  return Array.from({ length: count }, (_, i) => {
    const start = i * stride - before;
    return Math.max(1, Math.min(size, start + window) - Math.max(0, start));
  });
}

/** The two-dimensional backward kernel forgets the rounding mode, so the padding is spelled out for it. */
function spelledOut(attrs: NamedAttrMap, axes: readonly WindowAxis[]): object {
  return axes.length === 2 ? withExplicitPadding(attrs, axes) : attrs;
}

function backwardPooling(kernel: string): Correction {
  return {
    kernel,
    backends: 'all',
    when: ({ input }, attrs) => poolAxes(input!.shape, attrs).some(isPadded),
    why: 'divides by the size of the window where part of it lies in the padding',
    compute: ({ dy, input }, attrs, own) => {
      const axes = poolAxes(input!.shape, attrs);
      return own({ dy: mul(dy!, windowWeights(axes)), input: input! }, spelledOut(attrs, axes));
    },
  };
}

export const averagePoolingCorrections: readonly Correction[] = [
  backwardPooling('AvgPoolGrad'),
  backwardPooling('AvgPool3DGrad'),
];
