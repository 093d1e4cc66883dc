import type { Tensor1D } from '@tensorflow/tfjs-core';
import { concat, matMul, reshape, square, sum, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { MultipliedRows } from './multiplied-rows.js';
import type { Which } from '../symmetric-eigen.js';
import { symmetricEigen } from '../symmetric-eigen.js';

/** Rows whose Gram matrix, with ones on its diagonal, has an eigenvalue under this are taken for dependent. */
const DEPENDENT = 1e-4;

/** What is known of a problem A x = λ B x in the span of some rows S. */
export interface RitzPairs {
  /** θ, the wanted ones first; fewer than rows where these are dependent. */
  readonly values: Float64Array;
  /** c of each pair: x = cᵀS, with xᵀBx = 1. */
  readonly coefficients: readonly Float64Array[];
  /** G = S BSᵀ, of which `inner` is the inner product. */
  inner(a: ArrayLike<number>, b: ArrayLike<number>): number;
  /** Largest |uᵀAv − vᵀAu| among the rows, for ‖u‖ = ‖v‖ = 1. */
  readonly asymmetry: number;
  /** Largest ‖Au‖, for ‖u‖ = 1. */
  readonly norm: number;
}

/**
 * Rayleigh and Ritz in the span of rows that need not be B-orthonormal: the small problem S ASᵀ c = θ S BSᵀ c, in double
 * precision on the host.
 *
 * @returns null where a number is not finite
 * @throws CurvatureArgumentError that names `where` for a B that is not positive definite on a row
 */
export function* rayleighRitz(
  { rows, images, duals }: MultipliedRows,
  which: Which,
  where: string,
): SolverSteps<RitzPairs | null> {
  const m = rows.shape[0];
  const read = yield tidy(() => {
    const squares = [rows, images].map((tensor) => sum(square(tensor), 1) as Tensor1D);
    const products = [images, duals].map((tensor) => reshape(matMul(rows, tensor, false, true), [m * m]));
    return concat([...products, ...squares]) as Tensor1D;
  });
  if (!read.every(Number.isFinite)) return null;
  const form = (i: number, j: number): number => read[i * m + j]!;
  const gram = (i: number, j: number): number => (read[m * m + i * m + j]! + read[m * m + j * m + i]!) / 2;
  const length = (i: number): number => Math.sqrt(read[2 * m * m + i]!);
  const indices = Array.from({ length: m }, (_, i) => i);
  const indefinite = indices.find((i) => !(gram(i, i) > 0));
  requireThat(indefinite == null, where, 'a positive definite metric B', 'one with uᵀBu <= 0 for some u');
  const basis = whitening(m, gram);
  const small = symmetricEigen(basis.length, (p, q) => bilinear(basis[p]!, basis[q]!, form), which);
  return {
    values: small.values,
    coefficients: small.vectors.map((vector) =>
      Float64Array.from(indices, (i) => basis.reduce((total, row, p) => total + vector[p]! * row[i]!, 0)),
    ),
    inner: (a, b) => bilinear(a, b, gram),
    asymmetry: largest(indices, (i) =>
      largest(indices, (j) => Math.abs(form(i, j) - form(j, i)) / (length(i) * length(j))),
    ),
    norm: largest(indices, (i) => Math.sqrt(read[2 * m * m + m + i]!) / length(i)),
  };
}

/** Coefficients Z with Z G Zᵀ = I that span what is independent under a Gram matrix G. */
export function whitening(m: number, gram: (i: number, j: number) => number): Float64Array[] {
  const scales = Float64Array.from({ length: m }, (_, i) => 1 / Math.sqrt(gram(i, i)));
  const { values, vectors } = symmetricEigen(m, (i, j) => scales[i]! * gram(i, j) * scales[j]!, 'LA');
  return vectors
    .filter((_, p) => values[p]! > DEPENDENT)
    .map((vector, p) => vector.map((entry, i) => (entry * scales[i]!) / Math.sqrt(values[p]!)));
}

/** aᵀ M b */
export function bilinear(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  entry: (i: number, j: number) => number,
): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) total += a[i]! * entry(i, j) * b[j]!;
  return total;
}

function largest(indices: readonly number[], f: (i: number) => number): number {
  return indices.reduce((most, i) => Math.max(most, f(i)), -Infinity);
}
