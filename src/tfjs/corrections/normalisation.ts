import type { Tensor } from '@tensorflow/tfjs-core';
import { add, mul, shift, sub } from '../kernels/kernel-ops.js';
import { runKernel } from '../kernels/run-kernel.js';
import type { Correction } from './correction.js';

/** Whether cyclic steps are right: for one value per channel of the last axis, and for one per entry. */
function stepsThrough(statistic: Tensor | undefined, xShape: readonly number[]): boolean {
  if (statistic == null || statistic.size === 1) return true;
  const size = xShape.reduce((product, n) => product * n, 1);
  return (
    statistic.size === size || (statistic.size === xShape.at(-1) && statistic.shape.at(-1) === statistic.size)
  );
}

export const normalisationCorrections: readonly Correction[] = [
  {
    kernel: 'FusedBatchNorm',
    backends: ['cpu', 'wasm', 'tensorflow'],
    when: ({ x, mean, variance, scale, offset }) =>
      ![mean, variance, scale, offset].every((statistic) => stepsThrough(statistic, x!.shape)),
    why: 'steps through statistics cyclically along the flattened input, whatever their shape',
    compute: ({ x, mean, variance, scale, offset }, attrs) => {
      const r = runKernel('Rsqrt', { x: shift(variance!, attrs.varianceEpsilon as number) });
      const normalised = mul(sub(x!, mean!), scale == null ? r : mul(r, scale));
      return offset == null ? normalised : add(normalised, offset);
    },
  },
];
