import type { Tensor } from '@tensorflow/tfjs-core';
import { clone, mul, sub, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { areNumbers, requireArgument } from '../errors.js';
import type { Eigenpairs } from '../operators/deflated.js';
import { derivedOperator } from '../operators/derived-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema } from '../options.js';
import { byDefault, number, readOptions } from '../options.js';
import { combination, coordinates, requireRows } from '../rows.js';

/** Options of {@link lowRankPreconditioner}. */
export interface PreconditionerOptions {
  /** δ of the system (A + δI)x = b that is to be solved. Default 0. */
  readonly damping?: number;
}

const schema = { damping: byDefault(number(), 0) } satisfies Schema<PreconditionerOptions>;

/**
 * A preconditioner for (A + δI)x = b from a few eigenpairs of A: v -> v - Σ (1 - (μ + δ)/(λ_i + δ)) u_i u_iᵀ v with μ the
 * smallest of the λ_i. It gives all of the pairs the eigenvalue μ + δ in the preconditioned system and leaves the others
 * as they are: with the k largest pairs the condition number is (λ_k + δ)/(λ_n + δ), where it was (λ_1 + δ)/(λ_n + δ).
 *
 * Worth it where many systems of one A are solved, or where the sharpest pairs are at hand anyway. Cost of a product: two
 * with the rows, none of A. Memory: the rows.
 *
 * @param pairs eigenpairs of A, e.g. an `EigenResult`; the eigenvectors are kept by reference count
 * @param options see {@link PreconditionerOptions}
 * @returns a positive definite operator of norm 1, for `preconditioner` of `solve`; it holds the eigenvectors until it is
 *   disposed
 * @throws CurvatureArgumentError for eigenvectors that are no rows [k, n], another number of eigenvalues, and a λ_i + δ that
 *   is not above 0, as A + δI is not positive definite then
 *
 * Source: Frangella, Tropp & Udell, Randomized Nyström preconditioning, SIAM J. Matrix Anal. Appl. 44 (2023), §1.2, with
 * eigenpairs that were computed in place of those of a sketch.
 *
 * @example
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const gradient = hessian.gradient();
 * const sharpest = await lanczos(gaussNewton, { k: 5 });
 * const preconditioner = lowRankPreconditioner(sharpest, { damping: 1e-2 });
 * const { x, numMatvecs } = await solve(gaussNewton, gradient, { damping: 1e-2, preconditioner });
 */
export function lowRankPreconditioner(
  pairs: Eigenpairs,
  options: PreconditionerOptions = {},
): LinearOperator {
  const where = 'lowRankPreconditioner';
  const { damping } = readOptions(options, schema, where);
  const given = pairs?.eigenvalues;
  requireArgument(given != null && areNumbers(given), where, 'pairs {eigenvalues, eigenvectors}', pairs);
  const { eigenvectors } = pairs;
  const size = eigenvectors?.shape?.[1] ?? 0;
  requireRows(eigenvectors, size, where, 'orthonormal float32 rows of shape [k, n] as eigenvectors');
  const damped = Float64Array.from(given, (value) => value + damping);
  const [k] = eigenvectors.shape;
  const isDefinite = damped.length === k && damped.every((value) => value > 0 && Number.isFinite(value));
  const expected = `${k} finite eigenvalues, one a row, with eigenvalue + damping above 0`;
  requireArgument(isDefinite, where, expected, Array.from(given));
  const least = Math.min(...damped);
  const weights = Float32Array.from(damped, (value) => 1 - least / value);
  const rows = clone(eigenvectors);
  return derivedOperator({
    name: where,
    size,
    operands: [],
    product: (v) =>
      tidy(() => {
        const alphas = mul(coordinates(rows, v), tensor1d(weights)) as Tensor as typeof v;
        return sub(v, combination(rows, alphas));
      }),
    magnitude: () => 1,
    release: () => rows.dispose(),
  });
}
