import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { FLOAT32_EPSILON } from './float32.js';

/**
 * Which end of the spectrum: largest algebraic, smallest algebraic, largest in magnitude, or half of the pairs from each
 * end, where the upper one has one more if they are odd in number.
 */
export type Which = 'LA' | 'SA' | 'LM' | 'BE';

/** Compares two eigenvalues: negative where `a` is wanted before `b`. */
export function wantedFirst(which: Exclude<Which, 'BE'>): (a: number, b: number) => number {
  if (which === 'LA') return (a, b) => b - a;
  if (which === 'SA') return (a, b) => a - b;
  return (a, b) => Math.abs(b) - Math.abs(a);
}

/** Indices of eigenvalues, the wanted ones first: of both ends ('BE') one from each in turn, the largest first. */
export function wantedOrder(values: ArrayLike<number>, which: Which): number[] {
  const compare = wantedFirst(which === 'BE' ? 'LA' : which);
  const order = Array.from(values, (_, i) => i).sort((i, j) => compare(values[i]!, values[j]!));
  if (which !== 'BE') return order;
  return order.map((_, i) => (i % 2 === 0 ? order[i / 2]! : order.at(-(i + 1) / 2)!));
}

/** Indices of wanted eigenvalues in the order of a result: those of both ends ascend. */
export function resultOrder(wanted: ArrayLike<number>, which: Which): number[] {
  return wantedOrder(wanted, which === 'BE' ? 'SA' : which);
}

/** Eigenpairs of a small matrix, the wanted ones first. */
export interface SmallEigenpairs {
  readonly values: Float64Array;
  /** Orthonormal, one for each value. */
  readonly vectors: readonly Float64Array[];
}

/**
 * What rounding leaves of an eigenvalue that is 0, of a symmetric matrix with entries in float32: each is off by 2⁻²³ of the
 * largest at most, and errors of random signs make √n of that an eigenvalue.
 *
 * @param size n
 * @param entries n² of them
 */
export function roundingOf(size: number, entries: Float32Array | Float64Array): number {
  let largest = 0;
  for (const entry of entries) largest = Math.max(largest, Math.abs(entry));
  return FLOAT32_EPSILON * Math.sqrt(size) * largest;
}

/**
 * All eigenpairs of the symmetric part (M + Mᵀ)/2 of a small matrix, in double precision on the host; NaN throughout where an
 * entry is not finite.
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
  let isFinite = true;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = (entry(i, j) + entry(j, i)) / 2;
      isFinite &&= Number.isFinite(mean);
      matrix.set(i, j, mean);
      matrix.set(j, i, mean);
    }
  }
  if (!isFinite) {
    const nothing = new Float64Array(size).fill(NaN);
    return { values: nothing, vectors: Array.from(nothing, () => nothing) };
  }
  const decomposition = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const found = decomposition.realEigenvalues;
  const order = wantedOrder(found, which);
  return {
    values: Float64Array.from(order, (i) => found[i]!),
    vectors: order.map((i) => Float64Array.from(decomposition.eigenvectorMatrix.getColumn(i))),
  };
}
