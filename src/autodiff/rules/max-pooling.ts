import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { getBackend, util } from '@tensorflow/tfjs-core';
import { capabilities } from '../../tfjs/capabilities.js';
import { isStockWasmKernel } from '../../tfjs/corrections/correction.js';
import { runKernel, runKernelWithOutputs } from '../../tfjs/kernels/run-kernel.js';
import type { GradientRule } from '../gradient-rule.js';
import { cast, gatherAt, scatterAt } from '../../tfjs/kernels/kernel-ops.js';
import { poolAxes, returnsImage, withExplicitPadding } from '../../tfjs/kernels/windows.js';
import { placesOfMaxima, withinInput } from '../../tfjs/kernels/window-maximum.js';

/*
 * Maximum pooling gathers from fixed places: y[i] = x[p(i)], with p(i) the first maximum of window i. While p
 * does not change, the gradient x̄ = Σ ȳ[i] e_p(i) is linear in ȳ and does not depend on x. Its adjoint gathers
 * from the same places.
 */

/**
 * Whether to scatter to remembered places (where scattering is a loop over the updates) rather than run the backward
 * kernel, which finds the places again: as fast with a kernel that is made for it, and the only fast way on a GPU.
 */
const scatters = (backward: string): boolean => getBackend() === 'cpu' || isStockWasmKernel(backward);

/** Indices of the maxima into the flattened input, shaped like the pooled tensor. */
function places(x: Tensor, attrs: NamedAttrMap): Tensor {
  const axes = poolAxes(x.shape, attrs);
  const isEmpty = axes.some(({ size, count, window, stride, before }) => {
    return before >= window || (count - 1) * stride - before >= size;
  });
  util.assert(!isEmpty, () => 'a window lies wholly in the padding and has no maximum');
  const isUnanswered = x.rank === 5 || x.size > capabilities().largestIndex;
  if (isUnanswered) return placesOfMaxima(x, axes);
  const [, indices] = runKernelWithOutputs(
    'MaxPoolWithArgmax',
    { x },
    { ...withExplicitPadding(attrs, axes), includeBatchInIndex: true },
  ) as Tensor[];
  const found = cast(indices!, 'int32');
  // That of cpu answers −1 where nothing in a window is greater than −∞.
  return getBackend() === 'cpu' ? withinInput(found, x.shape, axes) : found;
}

function poolingPair(pool: string, backward: string): GradientRule[] {
  return [
    {
      kernel: pool,
      constants: ({ x }, [y], attrs) => {
        if (returnsImage(x!.shape, attrs)) return [];
        return scatters(backward) ? [places(x!, attrs)] : [x!, y!];
      },
      pullback: ({ dy, constants, shapes, attrs }) => ({
        x: () => {
          if (constants.length === 0) return dy;
          if (constants.length === 1) return scatterAt(dy, constants[0]!, shapes.x!);
          const [input, output] = constants as [Tensor, Tensor];
          return runKernel(backward, { dy, input, output }, attrs);
        },
      }),
    },
    {
      kernel: backward,
      constantInputs: ['input', 'output'],
      constants: ({ input }, _, attrs) => [places(input!, attrs)],
      pullback: ({ dy: u, constants }) => ({ dy: () => gatherAt(u, constants[0]!) }),
    },
  ];
}

export const maxPoolingRules: readonly GradientRule[] = [
  ...poolingPair('MaxPool', 'MaxPoolGrad'),
  ...poolingPair('MaxPool3D', 'MaxPool3DGrad'),
  {
    kernel: 'MaxPoolWithArgmax',
    constants: ({ x }, _, attrs) => [places(x!, attrs)],
    pullback: ({ dy, constants, shapes }) => ({ x: () => scatterAt(dy, constants[0]!, shapes.x!) }),
  },
];
