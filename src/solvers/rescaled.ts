import type { Tensor1D } from '@tensorflow/tfjs-core';
import { abs, max, mul, reshape, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { LARGEST_FLOAT32, SMALLEST_FLOAT32 } from '../float32.js';
import type { SolverSteps } from '../tfjs/drive.js';

/**
 * c·y as a new vector, for a factor c that float32 need not hold: solvers work at a scale where nothing leaves its range.
 *
 * @param y stays the caller's
 * @param what c·y is, for the error
 * @throws CurvatureArgumentError that names `where`, if float32 does not hold the largest entry of c·y
 */
export function* rescaled(y: Tensor1D, factor: number, what: string, where: string): SolverSteps<Tensor1D> {
  const [largest] = yield tidy(() => reshape(max(abs(y)), [1]));
  const size = largest! * factor;
  // What is not finite is told by the status.
  const isInside = size === 0 || (size >= SMALLEST_FLOAT32 && size <= LARGEST_FLOAT32);
  const fits = isInside || !Number.isFinite(largest);
  const remedy = 'Scale the vector or the operator';
  requireThat(
    fits,
    where,
    `${what} that float32 holds`,
    `one with entries of ${size.toExponential(1)}`,
    remedy,
  );
  // In two steps, each of which float32 holds where the whole may not be.
  const half = 2 ** Math.round(Math.log2(factor) / 2);
  return tidy((): Tensor1D => mul(mul(y, half), factor / half));
}
