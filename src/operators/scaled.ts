import { mul } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';
import { magnitudeOf } from './magnitude.js';

/**
 * A multiple of an operator: v -> cAv. With c = -1 the other end of the spectrum becomes the largest.
 *
 * @param operator stays the caller's, and disposing of the multiple leaves it alive
 * @param factor c, any finite number
 * @returns an operator that holds nothing of its own; a product costs one of `operator`
 * @throws CurvatureArgumentError for a factor that is not finite
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { eigenvalues } = await lanczos(scaled(hessian, -1)); // -eigenvalues[0] is the most negative of the Hessian
 */
export function scaled(operator: LinearOperator, factor: number): LinearOperator {
  requireOperator(operator, 'scaled');
  requireArgument(Number.isFinite(factor), 'scaled', 'a finite factor', factor);
  return derivedOperator({
    name: 'scaled',
    size: operator.size,
    operands: [operator],
    product: (v, times) => mul(times(operator, v), factor) as typeof v,
    magnitude: () => Math.abs(factor) * magnitudeOf(operator),
  });
}
