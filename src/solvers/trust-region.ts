import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import { innerProducts } from './vector-arithmetic.js';

/**
 * How far it is from y along p to the sphere of a radius: the τ ≥ 0 with ‖y + τp‖ = radius.
 *
 * @param y within the sphere; stays the caller's
 * @param p not zero; stays the caller's
 */
export function* distanceToSphere(y: Tensor1D, p: Tensor1D, radius: number): SolverSteps<number> {
  const [yy, yp, pp] = Array.from(yield innerProducts([y, y], [y, p], [p, p])) as [number, number, number];
  const room = Math.max(0, radius ** 2 - yy);
  const root = Math.sqrt(yp ** 2 + pp * room);
  // Of the two ways to write it the one that does not cancel.
  return yp > 0 ? room / (yp + root) : (root - yp) / pp;
}
