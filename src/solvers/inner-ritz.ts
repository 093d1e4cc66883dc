import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, matMul, reshape, tidy } from '@tensorflow/tfjs-core';
import { symmetricEigen } from '../symmetric-eigen.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { MultipliedRows } from './multiplied-rows.js';
import { bilinear, whitening } from './rayleigh-ritz.js';

/** What is known of the vectors in a span on which an operator is smallest. */
export interface InnerPairs {
  /** vᵀAv of each vector, those with the smallest ‖Av‖ first. */
  readonly values: Float64Array;
  /** Coefficients with respect to the rows, of orthonormal vectors; fewer than rows where these are dependent. */
  readonly coefficients: readonly Float64Array[];
  /** Largest |uᵀAv − vᵀAu| among the rows, which are of unit length. */
  readonly asymmetry: number;
  /** Largest ‖Au‖ among them. */
  readonly norm: number;
}

/** Vectors with up to so many times the ‖Av‖ of the last one wanted are told apart by their vᵀAv. */
const TOGETHER = 2;

/**
 * The vectors of a span with the smallest ‖Av‖, and of those the ones that Rayleigh and Ritz tell apart: a plain Ritz value
 * near 0 may stand for a mixture of large eigenvalues of both signs, and a small ‖Av‖ for one of small ones.
 *
 * @param least how many vectors are to be told apart at least
 * @returns null where a number is not finite
 */
export function* innerRitz({ rows, images }: MultipliedRows, least: number): SolverSteps<InnerPairs | null> {
  const m = rows.shape[0];
  const read = yield tidy(() => {
    const products: [Tensor2D, Tensor2D][] = [
      [rows, rows],
      [rows, images],
      [images, images],
    ];
    return concat(products.map(([a, b]) => reshape(matMul(a, b, false, true), [m * m])));
  });
  if (!read.every(Number.isFinite)) return null;
  const entry =
    (part: number) =>
    (i: number, j: number): number =>
      read[part * m * m + i * m + j]!;
  const [gram, form, squares] = [entry(0), entry(1), entry(2)];
  const basis = whitening(m, gram);
  const bySize = symmetricEigen(basis.length, (p, q) => bilinear(basis[p]!, basis[q]!, squares), 'SA');
  const ordered = bySize.vectors.map((vector) => combination(vector, basis));
  const limit = TOGETHER ** 2 * Math.max(bySize.values[Math.min(least, ordered.length) - 1]!, 0);
  const count = Math.max(
    Math.min(least, ordered.length),
    bySize.values.filter((value) => value <= limit).length,
  );
  const near = ordered.slice(0, count);
  const ritz = symmetricEigen(count, (p, q) => bilinear(near[p]!, near[q]!, form), 'LA');
  const coefficients = [...ritz.vectors.map((vector) => combination(vector, near)), ...ordered.slice(count)];
  const indices = Array.from({ length: m }, (_, i) => i);
  return {
    values: Float64Array.from(coefficients, (c) => bilinear(c, c, form)),
    coefficients,
    asymmetry: Math.max(...indices.flatMap((i) => indices.map((j) => Math.abs(form(i, j) - form(j, i))))),
    norm: Math.sqrt(Math.max(...indices.map((i) => squares(i, i)))),
  };
}

/** Σ_p w_p rows_p */
function combination(weights: Float64Array, rows: readonly Float64Array[]): Float64Array {
  return Float64Array.from(rows[0]!, (_, i) =>
    rows.reduce((total, row, p) => total + weights[p]! * row[i]!, 0),
  );
}
