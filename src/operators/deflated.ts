import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, mul, sub, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { areNumbers, requireArgument } from '../errors.js';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';
import { magnitudeOf } from './magnitude.js';
import { combination, coordinates, requireRows } from '../rows.js';

/** Eigenvalues and their eigenvectors, as in an `EigenResult`. */
export interface Eigenpairs {
  readonly eigenvalues: ArrayLike<number>;
  /** Orthonormal rows, shape [k, n]. */
  readonly eigenvectors: Tensor2D;
}

/**
 * An operator with known eigenpairs taken off: v -> Av - Σ λ_i v_i v_iᵀ v. The pairs get eigenvalue 0, all others
 * stay (Hotelling's deflation; Saad 2011, §4.2).
 *
 * Cost of a product: one of `operator` and two products with the rows. Memory: the rows.
 *
 * @param operator A; stays the caller's, and disposing of the result leaves it alive
 * @param pairs eigenpairs of A, e.g. an `EigenResult`; the eigenvectors are kept by reference count
 * @returns an operator that holds the eigenvectors until it is disposed
 * @throws CurvatureArgumentError for eigenvectors of another shape, or another number of eigenvalues
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const sharpest = await lanczos(hessian, { k: 10 });
 * const bulk = deflated(hessian, sharpest); // what is left when the ten are taken off
 */
export function deflated(operator: LinearOperator, pairs: Eigenpairs): LinearOperator {
  requireOperator(operator, 'deflated');
  requireArgument(pairs?.eigenvalues != null, 'deflated', 'pairs {eigenvalues, eigenvectors}', pairs);
  requireRows(pairs.eigenvectors, operator.size, 'deflated');
  requireArgument(
    areNumbers(pairs.eigenvalues),
    'deflated',
    'eigenvalues that are numbers',
    pairs.eigenvalues,
  );
  const values = Float32Array.from(pairs.eigenvalues);
  requireArgument(
    values.length === pairs.eigenvectors.shape[0] && values.every(Number.isFinite),
    'deflated',
    `${pairs.eigenvectors.shape[0]} finite eigenvalues, one a row`,
    Array.from(values),
  );
  const rows = clone(pairs.eigenvectors);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return derivedOperator({
    name: 'deflated',
    size: operator.size,
    operands: [operator],
    product: (v, times) => {
      const product = times(operator, v);
      return tidy(() => {
        const alphas = mul(coordinates(rows, v), tensor1d(values)) as Tensor as typeof v;
        return sub(product, combination(rows, alphas));
      });
    },
    magnitude: () => magnitudeOf(operator) + largest,
    release: () => rows.dispose(),
  });
}
