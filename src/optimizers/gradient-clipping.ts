import type { Tensor } from '@tensorflow/tfjs-core';
import { addN, clipByValue, div, minimum, mul, scalar, sqrt, square, sum, tidy } from '@tensorflow/tfjs-core';

/** The Euclidean norm of all tensors taken together as one vector, a new scalar owned by the caller. */
export function globalNorm(parts: readonly Tensor[]): Tensor {
  return tidy(() => sqrt(addN(parts.map((part): Tensor => sum(square(part))))));
}

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
    const scale = minimum(1, div(scalar(clipNorm), globalNorm(clipped)));
    clipped = clipped.map((gradient) => mul(gradient, scale));
  }
  if (clipValue != null) {
    clipped = clipped.map((gradient) => clipByValue(gradient, -clipValue, clipValue));
  }
  return clipped;
}
