import type { Tensor } from '@tensorflow/tfjs-core';
import { sub, sum, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { synchronousRead } from '../tfjs/capabilities.js';

/**
 * Throws unless all elements of a float32 tensor are finite. Where a synchronous read is a burden nothing is
 * checked, and what is not finite shows as `status: 'nonFinite'` in a solver's result.
 */
export function requireFinite(tensor: Tensor, where: string, expected: string): void {
  if (synchronousRead() !== 'free') return;
  const total = tidy(() => sum(tensor).dataSync()[0]!);
  // A sum of finite numbers may leave the range of float32. x − x is 0 for a finite number, else NaN.
  const isFinite = Number.isFinite(total) || tidy(() => sum(sub(tensor, tensor)).dataSync()[0] === 0);
  requireThat(isFinite, where, expected, tensor.rank === 0 ? `${total}` : 'NaN or infinity');
}
