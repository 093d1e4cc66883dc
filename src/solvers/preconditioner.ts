import { CurvatureArgumentError, requireArgument } from '../errors.js';
import { FLOAT32_EPSILON } from '../float32.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';

/** The option `preconditioner` of `solve` and `minres`. */
export interface PreconditionedOptions {
  /**
   * M, a positive definite operator close to a multiple of (A + δI)⁻¹; stays the caller's. Default: none. Its products
   * do not count as those of A.
   */
  readonly preconditioner?: LinearOperator | AsyncLinearOperator;
}

/** Throws an error that names `where`, unless `preconditioner` is an operator of the size of `operator`. */
export function requirePreconditioner(
  preconditioner: AnyOperator,
  { size }: AnyOperator,
  where: string,
): void {
  requireAnyOperator(preconditioner, `${where} preconditioner`);
  const isFitting = preconditioner.size === size;
  requireArgument(isFitting, where, `a preconditioner of size ${size}`, preconditioner.size);
}

/**
 * Throws an error that names `where`, unless rᵀMr is above what rounding leaves of 0: κ(M) would have to be above 1e13
 * for a positive definite M to come there.
 *
 * @param slope rᵀMr
 * @param length ‖r‖
 * @param image ‖Mr‖
 */
export function requireDefinite(slope: number, length: number, image: number, where: string): void {
  if (!Number.isFinite(slope) || length === 0 || slope > FLOAT32_EPSILON * length * image) return;
  const cosine = image === 0 ? 0 : slope / (length * image);
  throw new CurvatureArgumentError(
    where,
    'a positive definite preconditioner M, rᵀMr > 0',
    `one with rᵀMr = ${cosine.toPrecision(2)} ‖r‖‖Mr‖`,
  );
}
