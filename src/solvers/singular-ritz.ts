import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { BidiagonalFactorization, SingularTriplet } from './bidiagonal-factorization.js';

/** Singular triplets of the projected matrix, the largest first. */
export interface RitzTriplets {
  readonly triplets: readonly SingularTriplet[];
  /**
   * ‖Aᵀu - σv‖₂ for as many as were asked for, from the measured coefficients: a residual, not a bound. Av - σu is zero to
   * rounding.
   */
  readonly residualNorms: Float64Array;
  /** The part of them along the processed rows: what the products lack of being adjoint, which no further one lessens. */
  readonly noiseNorms: Float64Array;
}

/** The singular triplets of the coefficients of the processed rows, in double precision on the host. */
export function solveBidiagonal(factorization: BidiagonalFactorization, wanted: number): RitzTriplets {
  const { images, processed } = factorization;
  const columns = processed.length;
  const matrix = Matrix.zeros(factorization.left.rows, columns);
  images.forEach((column, q) => column.forEach((c, i) => matrix.set(i, q, c)));
  const { diagonal, leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(matrix, {
    autoTranspose: true,
  });
  const triplets = diagonal.map((value, t): SingularTriplet => ({
    value,
    left: Float64Array.from(leftSingularVectors.getColumn(t)),
    right: Float64Array.from(rightSingularVectors.getColumn(t)),
  }));
  const residuals = triplets.slice(0, wanted).map(({ value, left, right }) => {
    const residual = factorization.adjointOf(left);
    processed.forEach((row, q) => (residual[row]! -= value * right[q]!));
    return residual;
  });
  return {
    triplets,
    residualNorms: Float64Array.from(residuals, (residual) => Math.hypot(...residual)),
    noiseNorms: Float64Array.from(residuals, (residual) =>
      Math.hypot(...processed.map((row) => residual[row]!)),
    ),
  };
}
