import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, tensor2d } from '@tensorflow/tfjs-core';
import { roundingOf, symmetricEigen } from '../../symmetric-eigen.js';
import type { SolverSteps } from '../../tfjs/drive.js';
import type { Factor } from './factor.js';

/** Eigenpairs of a factor in double precision, all that are not zero. */
export interface Eigenbasis {
  /** Order of the factor. */
  readonly width: number;
  /** r eigenvalues, the largest first, none below 0. */
  readonly values: Float64Array;
  /** Orthonormal columns, [width, r] row by row. */
  readonly vectors: Float32Array;
  /** Whether r is the width. All others are orthogonal to the columns, with eigenvalue 0. */
  readonly isComplete: boolean;
}

/** The numbers of a tensor that stays its owner's, on the host. */
export function* read(tensor: Tensor): SolverSteps<Float32Array> {
  return yield clone(tensor);
}

/**
 * Eigenpairs of a factor. Of RᵀR with few rows they are those of R Rᵀ, turned back by Rᵀ.
 *
 * Cost, on the host: some 10 m³ operations, m the order of the smaller of the two matrices.
 */
export function* eigenbasisOf({ width, tensor, isGram }: Factor): SolverSteps<Eigenbasis> {
  const numbers = yield* read(tensor);
  return isGram ? fromRows(numbers, width) : fromMatrix(numbers, width);
}

/** The eigenvectors as columns on the device, owned by the caller. */
export function columnsOf({ vectors, values, width }: Eigenbasis): Tensor2D {
  return tensor2d(vectors, [width, values.length]);
}

function fromMatrix(matrix: Float32Array, width: number): Eigenbasis {
  const { values, vectors } = symmetricEigen(width, (i, j) => matrix[i * width + j]!, 'LA');
  const columns = new Float32Array(width * width);
  vectors.forEach((vector, k) => vector.forEach((x, i) => (columns[i * width + k] = x)));
  const rounding = roundingOf(width, matrix);
  const known = values.map((value) => (value <= rounding ? 0 : value));
  return { width, values: known, vectors: columns, isComplete: true };
}

function fromRows(rows: Float32Array, width: number): Eigenbasis {
  const count = rows.length / width;
  const gram = gramOf(rows, width);
  const { values, vectors } = symmetricEigen(count, (i, j) => gram[i * count + j]!, 'LA');
  // Columns are orthogonal to the rounding of doubles divided by this. Of a factor that is zero one column of zeros is left.
  const least = values[0]! * 1e-9;
  const rank = Math.max(1, values.filter((value) => value > least).length);
  const columns = new Float32Array(width * rank);
  const column = new Float64Array(width);
  for (let k = 0; k < rank; k++) {
    column.fill(0);
    vectors[k]!.forEach((weight, i) => {
      for (let j = 0; j < width; j++) column[j]! += weight * rows[i * width + j]!;
    });
    const length = Math.sqrt(Math.max(0, values[k]!));
    if (length > 0) for (let j = 0; j < width; j++) columns[j * rank + k] = column[j]! / length;
  }
  return {
    width,
    values: values.slice(0, rank).map((value) => Math.max(0, value)),
    vectors: columns,
    isComplete: false,
  };
}

/** R Rᵀ for rows of a width, in double precision. */
export function gramOf(rows: Float32Array, width: number): Float64Array {
  const count = rows.length / width;
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let l = 0; l < width; l++) sum += rows[i * width + l]! * rows[j * width + l]!;
      gram[i * count + j] = gram[j * count + i] = sum;
    }
  }
  return gram;
}
