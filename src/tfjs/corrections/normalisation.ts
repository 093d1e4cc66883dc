import type { Tensor } from '@tensorflow/tfjs-core';
import { add, mul, shift, sub } from '../kernels/kernel-ops.js';
import { runKernel } from '../kernels/run-kernel.js';
import type { Composition } from './correction.js';

/**
 * The kernels of TensorFlow.js 4.22 step through the statistics cyclically along the flattened input. That is right
 * for one value per channel of the last axis or one per entry, and for nothing else.
 */
function stepsThrough(statistic: Tensor | undefined, xShape: readonly number[]): boolean {
  if (statistic == null || statistic.size === 1) return true;
  const size = xShape.reduce((product, n) => product * n, 1);
  return (
    statistic.size === size || (statistic.size === xShape.at(-1) && statistic.shape.at(-1) === statistic.size)
  );
}

export const normalisationCompositions: readonly Composition[] = [
  {
    kernel: 'FusedBatchNorm',
    insteadOf: ({ x, mean, variance, scale, offset }) =>
      ![mean, variance, scale, offset].every((statistic) => stepsThrough(statistic, x!.shape)),
    compute: ({ x, mean, variance, scale, offset }, attrs) => {
      const r = runKernel('Rsqrt', { x: shift(variance!, attrs.varianceEpsilon as number) });
      const normalised = mul(sub(x!, mean!), scale == null ? r : mul(r, scale));
      return offset == null ? normalised : add(normalised, offset);
    },
  },
];
