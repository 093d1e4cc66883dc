import type { Tensor2D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';
import { magnitudeOf } from './magnitude.js';
import { requireRows, scaleAlong } from '../rows.js';

/**
 * An operator restricted to the complement of some directions: v -> PAPv with P = I - QᵀQ. The directions get
 * eigenvalue 0; what is left is A as seen by whoever cannot move along them.
 *
 * Cost of a product: one of `operator` and four products with the rows. Memory: the rows.
 *
 * @param operator A; stays the caller's, and disposing of the result leaves it alive
 * @param rows Q, orthonormal rows [m, n]; kept by reference count, so the caller may dispose of the tensor
 * @returns an operator that holds the rows until it is disposed
 * @throws CurvatureArgumentError for rows of another shape
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { eigenvectors } = await lanczos(hessian, { k: 5 });
 * const rest = projected(hessian, eigenvectors); // the Hessian beside its sharpest directions
 */
export function projected(operator: LinearOperator, rows: Tensor2D): LinearOperator {
  requireOperator(operator, 'projected');
  requireRows(rows, operator.size, 'projected');
  const directions = clone(rows);
  return derivedOperator({
    name: 'projected',
    size: operator.size,
    operands: [operator],
    product: (v, times) => {
      const inside = scaleAlong(directions, v, 0);
      try {
        return scaleAlong(directions, times(operator, inside), 0);
      } finally {
        inside.dispose();
      }
    },
    magnitude: () => magnitudeOf(operator),
    release: () => directions.dispose(),
  });
}
