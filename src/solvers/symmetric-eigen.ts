import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Which end of the spectrum: largest algebraic, smallest algebraic, or largest in magnitude. */
export type Which = 'LA' | 'SA' | 'LM';

/** Compares two eigenvalues: negative where `a` is wanted before `b`. */
export function wantedFirst(which: Which): (a: number, b: number) => number {
  if (which === 'LA') return (a, b) => b - a;
  if (which === 'SA') return (a, b) => a - b;
  return (a, b) => Math.abs(b) - Math.abs(a);
}

/** Eigenpairs of a small matrix, the wanted ones first. */
export interface SmallEigenpairs {
  readonly values: Float64Array;
  /** Orthonormal, one for each value. */
  readonly vectors: readonly Float64Array[];
}

/**
 * All eigenpairs of the symmetric part (M + Mᵀ)/2 of a small matrix, in double precision on the host.
 *
 * @param size m, the number of rows and columns
 * @param entry M_ij for i and j from 0
 */
export function symmetricEigen(
  size: number,
  entry: (i: number, j: number) => number,
  which: Which,
): SmallEigenpairs {
  const matrix = new Matrix(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = (entry(i, j) + entry(j, i)) / 2;
      matrix.set(i, j, mean);
      matrix.set(j, i, mean);
    }
  }
  const decomposition = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const found = decomposition.realEigenvalues;
  const compare = wantedFirst(which);
  const order = found.map((_, i) => i).sort((i, j) => compare(found[i]!, found[j]!));
  return {
    values: Float64Array.from(order, (i) => found[i]!),
    vectors: order.map((i) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(i))),
  };
}
