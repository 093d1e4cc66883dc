import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { LanczosFactorization } from './lanczos-factorization.js';

/** Which end of the spectrum: largest algebraic, smallest algebraic, or largest in magnitude. */
export type Which = 'LA' | 'SA' | 'LM';

/** Eigenpairs of the projected matrix, the wanted ones first. */
export interface RitzPairs {
  /** Ritz values. */
  readonly values: Float64Array;
  /** Coefficients with respect to the multiplied rows, orthonormal, one list for each Ritz value. */
  readonly vectors: readonly Float64Array[];
  /**
   * ‖Ay - θy‖₂ of the Ritz vectors y, for as many as were asked for. Computed from the measured coefficients of
   * Ay, symmetric or not, so that it is the residual of the pair and not a bound: only the rounding of the
   * products themselves, some 1e-6 of ‖A‖, is not in it.
   */
  readonly residualNorms: Float64Array;
  /** The part of them along the multiplied rows: what the products lack of symmetry, which no further one lessens. */
  readonly noiseNorms: Float64Array;
}

/** Compares two eigenvalues: negative where `a` is wanted before `b`. */
export function wantedFirst(which: Which): (a: number, b: number) => number {
  if (which === 'LA') return (a, b) => b - a;
  if (which === 'SA') return (a, b) => a - b;
  return (a, b) => Math.abs(b) - Math.abs(a);
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
  const size = processed.length;
  const matrix = new Matrix(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const mean =
        (factorization.coefficient(processed[i]!, processed[j]!) +
          factorization.coefficient(processed[j]!, processed[i]!)) /
        2;
      matrix.set(i, j, mean);
      matrix.set(j, i, mean);
    }
  }
  const decomposition = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const found = decomposition.realEigenvalues;
  const compare = wantedFirst(which);
  const order = found.map((_, i) => i).sort((i, j) => compare(found[i]!, found[j]!));
  const values = Float64Array.from(order, (i) => found[i]!);
  const vectors = order.map((i) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(i)));
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
