import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LanczosOptions } from '../solvers/lanczos-options.js';

/**
 * Starts a search for k pairs of an n × n operator from the vectors of the search before, where they are of its
 * size and leave room for others: in its basis, by default at least min(n, 3k + 2) vectors, and k of those are
 * wanted. In a space so small that they do not, a random start costs no more.
 */
export function warmStart(
  directions: Tensor2D | null,
  k: number,
  n: number,
): Pick<LanczosOptions, 'startVectors'> {
  if (directions?.shape[1] !== n) return {};
  return directions.shape[0] + k <= Math.min(n, 3 * k + 2) ? { startVectors: directions } : {};
}
