import type { LanczosFactorization } from './lanczos-factorization.js';
import type { SmallEigenpairs, Which } from '../symmetric-eigen.js';
import { symmetricEigen } from '../symmetric-eigen.js';

/** Eigenpairs of the projected matrix; `vectors` are coefficients with respect to the multiplied rows. */
export interface RitzPairs extends SmallEigenpairs {
  /**
   * ‖Ay - θy‖₂ of the Ritz vectors y, for as many as were asked for. Computed from the measured coefficients of
   * Ay, symmetric or not, so that it is the residual of the pair and not a bound: only the rounding of the
   * products themselves, some 1e-6 of ‖A‖, is not in it.
   */
  readonly residualNorms: Float64Array;
  /** The part of them along the multiplied rows: what the products lack of symmetry, which no further one lessens. */
  readonly noiseNorms: Float64Array;
}

/**
 * Rayleigh-Ritz: the eigenpairs of the symmetric part of VᵀAV over the multiplied rows, in double precision.
 *
 * @param factorization a recurrence with at least one multiplied row
 * @param which order of the pairs
 * @param wanted for how many of the pairs residuals are computed
 */
export function solveProjected(factorization: LanczosFactorization, which: Which, wanted: number): RitzPairs {
  const { processed } = factorization;
  const { values, vectors } = symmetricEigen(
    processed.length,
    (i, j) => factorization.coefficient(processed[i]!, processed[j]!),
    which,
  );
  const residuals = vectors.slice(0, wanted).map((vector, p) => {
    const residual = factorization.apply(vector);
    processed.forEach((row, i) => (residual[row]! -= values[p]! * vector[i]!));
    return residual;
  });
  const residualNorms = Float64Array.from(residuals, (residual) => Math.hypot(...residual));
  const noiseNorms = Float64Array.from(residuals, (residual) =>
    Math.hypot(...processed.map((row) => residual[row]!)),
  );
  return { values, vectors, residualNorms, noiseNorms };
}
