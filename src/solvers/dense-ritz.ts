import { Matrix } from 'ml-matrix';
import type { Which } from '../symmetric-eigen.js';
import { symmetricEigen } from '../symmetric-eigen.js';

/*
 * Small problems in the span of m rows, in double precision on the host: products and decompositions of m × m matrices, of
 * m³ operations each.
 */

/** Rows whose Gram matrix, with ones on its diagonal, has an eigenvalue under this are taken for dependent. */
const DEPENDENT = 1e-4;

/** The m × m matrix in row-major order that begins at an offset. */
export function squareMatrix(m: number, values: Float32Array, offset = 0): Matrix {
  return Matrix.from1DArray(m, m, values.subarray(offset, offset + m * m));
}

/** (M + Mᵀ)/2 */
export function symmetricPart(matrix: Matrix): Matrix {
  return Matrix.add(matrix, matrix.transpose()).mul(0.5);
}

/** The largest |m_ij − m_ji|. */
export function largestAsymmetry(matrix: Matrix): number {
  return Matrix.sub(matrix, matrix.transpose()).abs().max();
}

/** Coefficients Z with Z G Zᵀ = I that span what is independent under a Gram matrix G. */
export function whitening(gram: Matrix): Matrix {
  const scales = gram.diagonal().map((square) => 1 / Math.sqrt(square));
  const { values, vectors } = symmetricEigen(
    gram.rows,
    (i, j) => scales[i]! * gram.get(i, j) * scales[j]!,
    'LA',
  );
  return new Matrix(
    vectors
      .filter((_, p) => values[p]! > DEPENDENT)
      .map((vector, p) => vector.map((entry, i) => (entry * scales[i]!) / Math.sqrt(values[p]!))),
  );
}

/** Eigenpairs of Z M Zᵀ, the wanted ones first: of an eigenvector w, the coefficients wᵀZ. */
export function eigenpairsWithin(
  basis: Matrix,
  form: Matrix,
  which: Which,
): { readonly values: Float64Array; readonly coefficients: Matrix } {
  const projected = basis.mmul(form).mmul(basis.transpose());
  const { values, vectors } = symmetricEigen(basis.rows, (i, j) => projected.get(i, j), which);
  return { values, coefficients: new Matrix(vectors).mmul(basis) };
}

/** The rows of a matrix. */
export function rowsOfMatrix(matrix: Matrix): Float64Array[] {
  return Array.from({ length: matrix.rows }, (_, i) => Float64Array.from(matrix.getRow(i)));
}
