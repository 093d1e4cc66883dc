import { NEGLIGIBLE } from '../float32.js';

/**
 * The residual ‖Ax − λBx‖ that a pair may have to count as converged: relative to its value, but never below what float32
 * products show.
 *
 * @param value λ; where B is not the identity, ‖λBx‖
 * @param norm a lower bound of ‖A‖ ‖x‖
 * @param zero values up to this are zero to rounding; 0 where that was not asked
 */
export function convergenceThreshold(value: number, tol: number, norm: number, zero: number): number {
  const size = Math.abs(value);
  return Math.max(size <= zero ? zero : tol * size, NEGLIGIBLE * norm);
}
