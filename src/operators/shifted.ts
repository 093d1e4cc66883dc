import { add, mul, tidy } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';
import { magnitudeOf } from './magnitude.js';

/**
 * A damped operator: v -> Av + δv. All eigenvalues move by δ, the eigenvectors stay.
 *
 * @param operator A; stays the caller's, and disposing of the result leaves it alive
 * @param damping δ in A + δI, any finite number
 * @returns an operator that holds nothing of its own; a product costs one of `operator`
 * @throws CurvatureArgumentError for a damping that is not finite
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 * const { x } = await solve(shifted(gaussNewton, 1e-3), hessian.gradient());
 */
export function shifted(operator: LinearOperator, damping: number): LinearOperator {
  requireOperator(operator, 'shifted');
  requireArgument(Number.isFinite(damping), 'shifted', 'a finite damping', damping);
  return derivedOperator({
    name: 'shifted',
    size: operator.size,
    operands: [operator],
    product: (v, times) => {
      const product = times(operator, v);
      return tidy(() => add(product, mul(v, damping)) as typeof v);
    },
    magnitude: () => magnitudeOf(operator) + Math.abs(damping),
  });
}
