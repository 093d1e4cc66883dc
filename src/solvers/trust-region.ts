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
  // In units of the radius, the square of which no number may hold.
  const slope = yp / radius;
  const room = Math.max(0, 1 - yy / radius / radius);
  const root = Math.sqrt(slope ** 2 + pp * room);
  // Of the two ways to write it the one that does not cancel.
  return radius * (slope > 0 ? room / (slope + root) : (root - slope) / pp);
}
