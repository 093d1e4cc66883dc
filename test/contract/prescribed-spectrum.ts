import type { Which } from '../../src/symmetric-eigen.js';
import { wantedFirst } from '../../src/symmetric-eigen.js';
import * as tf from '@tensorflow/tfjs-core';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { matrixOperator } from '../../src/operators/matrix-operator.js';
import { SeededRandom } from '../../src/random.js';

/** A = Q diag(values) Qᵀ, row by row in double precision, Q the product of two random reflections. */
export function matrixWithSpectrum(values: readonly number[], seed = 1): number[][] {
  const n = values.length;
  const random = new SeededRandom(seed);
  const matrix = values.map((value, i) => values.map((_, j) => (i === j ? value : 0)));
  for (let r = 0; r < 2; r++) {
    const u = Array.from({ length: n }, () => random.normal());
    const square = u.reduce((sum, x) => sum + x * x, 0);
    reflectRows(matrix, u, square);
    transpose(matrix);
    reflectRows(matrix, u, square);
  }
  return matrix;
}

/** The operator of {@link matrixWithSpectrum}, owned by the caller. */
export function operatorWithSpectrum(values: readonly number[], seed = 1): LinearOperator {
  const matrix = tf.tensor2d(matrixWithSpectrum(values, seed), [values.length, values.length]);
  const operator = matrixOperator(matrix);
  matrix.dispose();
  return operator;
}

/** (I - 2uuᵀ/uᵀu) M in place. */
function reflectRows(matrix: number[][], u: readonly number[], square: number): void {
  for (let j = 0; j < matrix.length; j++) {
    let along = 0;
    for (let i = 0; i < matrix.length; i++) along += u[i]! * matrix[i]![j]!;
    for (let i = 0; i < matrix.length; i++) matrix[i]![j]! -= (2 * along * u[i]!) / square;
  }
}

function transpose(matrix: number[][]): void {
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j < i; j++) [matrix[i]![j], matrix[j]![i]] = [matrix[j]![i]!, matrix[i]![j]!];
  }
}

/** Which eigenvalues a solver looks for: those at an end, or those nearest to 0. */
export type Wanted = Which | 'near 0';

/** The k eigenvalues that are wanted, as a result has them: those of both ends ascend, as ARPACK's. */
export function wantedOf(values: readonly number[], which: Wanted, k: number): number[] {
  const ascending = [...values].sort((a, b) => a - b);
  if (which === 'near 0') return ascending.sort((a, b) => Math.abs(a) - Math.abs(b)).slice(0, k);
  if (which === 'BE')
    return [...ascending.slice(0, Math.floor(k / 2)), ...ascending.slice(-Math.ceil(k / 2))];
  return ascending.sort(wantedFirst(which)).slice(0, k);
}
