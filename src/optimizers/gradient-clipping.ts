import type { Tensor } from '@tensorflow/tfjs-core';
import { clipByValue, div, lessEqual, mul, scalar, where } from '@tensorflow/tfjs-core';
import { factoredNorm } from '../rows.js';

/**
 * Clips a gradient given as one tensor per variable: first to a global norm, then entry by entry.
 *
 * g ← g · min(1, clipNorm / ‖g‖₂) with the norm over all variables, so that the direction is kept; then
 * g ← min(max(g, −clipValue), clipValue). The order is that of Keras.
 *
 * @param gradients one tensor per variable; they stay the caller's
 * @param clipNorm largest norm allowed, or null for no limit
 * @param clipValue largest magnitude of an entry allowed, or null for no limit
 * @returns the gradients themselves where nothing is asked for, else new tensors owned by the caller's `tf.tidy`
 */
export function clipGradients(
  gradients: readonly Tensor[],
  clipNorm: number | null,
  clipValue: number | null,
): readonly Tensor[] {
  let clipped = gradients;
  if (clipNorm != null) {
    const [scale, rest] = factoredNorm(clipped);
    // A gradient within the limit is divided and multiplied by 1, which changes no bit of it.
    const isWithin = lessEqual(mul(scale, rest), clipNorm);
    const divisor = where(isWithin, scalar(1), scale);
    const factor = where(isWithin, scalar(1), div(clipNorm, rest));
    clipped = clipped.map((gradient) => mul(div(gradient, divisor), factor));
  }
  if (clipValue != null) {
    clipped = clipped.map((gradient) => clipByValue(gradient, -clipValue, clipValue));
  }
  return clipped;
}
