import type { Tensor1D } from '@tensorflow/tfjs-core';
import { concat, matMul, reshape, square, sum, tidy } from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import { requireThat } from '../errors.js';
import type { SolverSteps } from '../tfjs/drive.js';
import {
  eigenpairsWithin,
  largestAsymmetry,
  rowsOfMatrix,
  squareMatrix,
  symmetricPart,
  whitening,
} from './dense-ritz.js';
import type { MultipliedRows } from './multiplied-rows.js';
import type { Which } from '../symmetric-eigen.js';

/** What is known of a problem A x = λ B x in the span of some rows S. */
export interface PairsInSpan {
  /** θ, the wanted ones first; fewer than rows where these are dependent. */
  readonly values: Float64Array;
  /** c of each pair: x = cᵀS, with xᵀBx = 1. */
  readonly coefficients: readonly Float64Array[];
  /** Gc for G = S BSᵀ: the B-inner product of aᵀS and cᵀS is aᵀGc. */
  dual(c: Float64Array): readonly number[];
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
): SolverSteps<PairsInSpan | null> {
  const m = rows.shape[0];
  const read = yield tidy(() => {
    const squares = [rows, images].map((tensor) => sum(square(tensor), 1) as Tensor1D);
    const products = [images, duals].map((tensor) => reshape(matMul(rows, tensor, false, true), [m * m]));
    return concat([...products, ...squares]) as Tensor1D;
  });
  if (!read.every(Number.isFinite)) return null;
  const form = squareMatrix(m, read);
  const gram = symmetricPart(squareMatrix(m, read, m * m));
  const indefinite = gram.diagonal().some((square) => !(square > 0));
  requireThat(!indefinite, where, 'a positive definite metric B', 'one with uᵀBu <= 0 for some u');
  const { values, coefficients } = eigenpairsWithin(whitening(gram), form, which);
  const [lengths, imageLengths] = [0, 1].map((part) => {
    return Array.from(read.subarray((2 * m + part) * m, (2 * m + part + 1) * m), Math.sqrt);
  }) as [number[], number[]];
  const perLength = Matrix.rowVector(lengths.map((length) => 1 / length));
  return {
    values,
    coefficients: rowsOfMatrix(coefficients),
    dual: (c) => gram.mmul(Matrix.columnVector(c)).to1DArray(),
    asymmetry: largestAsymmetry(Matrix.mul(form, perLength.transpose().mmul(perLength))),
    norm: imageLengths.reduce((most, image, i) => Math.max(most, image / lengths[i]!), 0),
  };
}
