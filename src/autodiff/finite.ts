import type { Tensor } from '@tensorflow/tfjs-core';
import { getBackend, sum, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';

/** Backends whose tensors live in host memory, where reading one number at once is no burden. */
const hostBackends = new Set(['cpu', 'wasm', 'tensorflow']);

/** Whether the present backend answers synchronous reads at no cost. WebGPU may lose its device over one. */
export function readsAreCheap(): boolean {
  return hostBackends.has(getBackend());
}

/**
 * Throws unless all elements of a float32 tensor are finite. Where a synchronous read is a burden nothing is
 * checked, and what is not finite shows as `status: 'nonFinite'` in a solver's result.
 */
export function requireFinite(tensor: Tensor, where: string, expected: string): void {
  if (!readsAreCheap()) return;
  const total = tidy(() => sum(tensor).dataSync()[0]!);
  requireThat(Number.isFinite(total), where, expected, tensor.rank === 0 ? `${total}` : 'NaN or infinity');
}
