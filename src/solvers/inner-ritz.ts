import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, matMul, reshape, tidy } from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import type { SolverSteps } from '../tfjs/drive.js';
import { eigenpairsWithin, largestAsymmetry, rowsOfMatrix, squareMatrix, whitening } from './dense-ritz.js';
import type { MultipliedRows } from './multiplied-rows.js';

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
  const [gram, form, squares] = [0, 1, 2].map((part) => squareMatrix(m, read, part * m * m)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const bySize = eigenpairsWithin(whitening(gram), squares, 'SA');
  const all = bySize.values.length;
  const limit = TOGETHER ** 2 * Math.max(bySize.values[Math.min(least, all) - 1]!, 0);
  const count = Math.max(Math.min(least, all), bySize.values.filter((value) => value <= limit).length);
  const ordered = rowsOfMatrix(bySize.coefficients);
  const near = eigenpairsWithin(new Matrix(ordered.slice(0, count)), form, 'LA');
  const coefficients = [...rowsOfMatrix(near.coefficients), ...ordered.slice(count)];
  const found = new Matrix(coefficients);
  return {
    values: Float64Array.from(Matrix.mul(found.mmul(form), found).sum('row')),
    coefficients,
    asymmetry: largestAsymmetry(form),
    norm: Math.sqrt(squares.diagonal().reduce((most, square) => Math.max(most, square), 0)),
  };
}
