import * as tf from '@tensorflow/tfjs-core';
import type { RectangularOperator } from '../src/operators/rectangular-operator.js';
import { SeededRandom } from '../src/random.js';

/** A = P diag(values) Qᵀ [m, n], row by row in double precision, P and Q products of two random reflections each. */
export function matrixWithSingularValues(
  m: number,
  n: number,
  values: readonly number[],
  seed = 1,
): number[][] {
  const random = new SeededRandom(seed);
  const matrix = Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => (i === j ? (values[i] ?? 0) : 0)),
  );
  for (let r = 0; r < 2; r++) {
    reflectRows(matrix, random);
    const turned = transposed(matrix);
    reflectRows(turned, random);
    transposed(turned).forEach((row, i) => (matrix[i] = row));
  }
  return matrix;
}

export const transposed = (rows: readonly (readonly number[])[]): number[][] =>
  rows[0]!.map((_, j) => rows.map((row) => row[j]!));

/** Ax in double precision. */
export const timesVector = (matrix: readonly (readonly number[])[], x: ArrayLike<number>): number[] =>
  matrix.map((row) => row.reduce((sum, a, j) => sum + a * x[j]!, 0));

/** A matrix as an operator in float32, owned by the caller. It counts its products. */
export function rectangularOperator(
  rows: readonly (readonly number[])[],
): RectangularOperator & { products: number } {
  const [m, n] = [rows.length, rows[0]!.length];
  const matrix = tf.tensor2d(rows.flat(), [m, n]);
  const operator = {
    shape: [m, n] as const,
    products: 0,
    matvec(v: tf.Tensor1D): tf.Tensor1D {
      operator.products++;
      return tf.tidy(() => tf.reshape(tf.matMul(matrix, tf.reshape(v, [n, 1])), [m]));
    },
    rmatvec(u: tf.Tensor1D): tf.Tensor1D {
      operator.products++;
      return tf.tidy(() => tf.reshape(tf.matMul(matrix, tf.reshape(u, [m, 1]), true, false), [n]));
    },
    dispose: () => matrix.dispose(),
  };
  return operator;
}

/** (I - 2uuᵀ/uᵀu) A in place, for a random u. */
function reflectRows(matrix: number[][], random: SeededRandom): void {
  const u = matrix.map(() => random.normal());
  const square = u.reduce((sum, x) => sum + x * x, 0);
  const columns = matrix[0]!.length;
  for (let j = 0; j < columns; j++) {
    const along = matrix.reduce((sum, row, i) => sum + u[i]! * row[j]!, 0);
    matrix.forEach((row, i) => (row[j]! -= (2 * along * u[i]!) / square));
  }
}
