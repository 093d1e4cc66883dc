import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { matMul, reshape, sub, tidy } from '@tensorflow/tfjs-core';
import { requireArgument, requireThat } from '../errors.js';

/**
 * Throws unless `rows` is a live float32 tensor of shape [m, size], m ≥ 1; the error names `where`.
 * That the rows are orthonormal is not checked.
 */
export function requireRows(rows: Tensor2D, size: number, where: string): void {
  const expected = `orthonormal float32 rows of shape [m, ${size}]`;
  requireArgument(rows != null && Array.isArray(rows.shape), where, expected, rows);
  requireThat(!rows.isDisposed, where, expected, 'a disposed tensor');
  const fits = rows.rank === 2 && rows.shape[1] === size && rows.shape[0] >= 1 && rows.dtype === 'float32';
  requireArgument(fits, where, expected, rows);
}

/** Vqᵀ for rows q [m, n] and v [n] or [p, n]: the coefficients, shape [p, m]. */
export function coefficients(v: Tensor1D | Tensor2D, rows: Tensor2D): Tensor2D {
  const { size } = v;
  const columns = rows.shape[1];
  return tidy(() => matMul(reshape(v, [size / columns, columns]) as Tensor2D, rows, false, true) as Tensor2D);
}

/** v - v qᵀ q, the part of v orthogonal to orthonormal rows q: a new tensor of the shape of v. */
export function orthogonalPart<T extends Tensor1D | Tensor2D>(v: T, rows: Tensor2D): T {
  return tidy(() => {
    const along: Tensor = matMul(coefficients(v, rows), rows);
    return sub(v, reshape(along, v.shape)) as Tensor as T;
  });
}
