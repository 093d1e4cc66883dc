import { CurvatureArgumentError } from '../errors.js';

/** Pairs and solutions of operators of which more than this part is not symmetric mean nothing. */
const LARGEST_ASYMMETRY = 0.05;

/**
 * Throws a CurvatureArgumentError that names `where` for an operator that is not symmetric.
 *
 * @param asymmetry largest |uᵀAv - vᵀAu| seen
 * @param norm largest ‖Av‖ seen
 */
export function requireSymmetric(asymmetry: number, norm: number, where: string): void {
  if (asymmetry <= LARGEST_ASYMMETRY * norm) return;
  throw new CurvatureArgumentError(
    where,
    'a symmetric operator that gives the same product each time',
    `one with |uᵀAv - vᵀAu| = ${asymmetry.toExponential(1)} at ‖Av‖ = ${norm.toExponential(1)}`,
  );
}
