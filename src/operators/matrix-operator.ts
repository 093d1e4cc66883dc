import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, matMul, reshape, tidy } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { requireVector } from '../parameters.js';
import type { LinearOperator } from './linear-operator.js';

/**
 * A dense symmetric matrix as an operator: v -> Av.
 *
 * Cost of a product: n² multiplications; memory: n² numbers.
 *
 * @param a symmetric float32 matrix [n, n]; its values are not checked, the tensor stays the caller's
 * @returns an operator with a matrix of its own; `dispose` releases it
 * @throws CurvatureArgumentError for a tensor that is not a live square float32 matrix
 * @example
 * const operator = matrixOperator(tensor2d([[2, 1], [1, 2]]));
 */
export function matrixOperator(a: Tensor2D): LinearOperator {
  const expected = 'a live float32 matrix of shape [n, n], n >= 1';
  requireArgument(a != null && Array.isArray(a.shape) && a.rank === 2, 'matrixOperator', expected, a);
  requireArgument(!a.isDisposed, 'matrixOperator', expected, 'a disposed tensor');
  const [n, columns] = a.shape;
  requireArgument(n === columns && n >= 1 && a.dtype === 'float32', 'matrixOperator', expected, a);
  const matrix = clone(a);
  const requireLive = (where: string): void =>
    requireArgument(!matrix.isDisposed, where, 'an operator that is not disposed', 'a disposed one');
  return {
    size: n,
    matvec(v: Tensor1D): Tensor1D {
      requireLive('matrixOperator.matvec');
      requireVector(v, n, 'matrixOperator.matvec');
      return tidy(() => reshape(matMul(matrix, reshape(v, [n, 1]) as Tensor2D), [n]) as Tensor1D);
    },
    matmat(v: Tensor2D): Tensor2D {
      requireLive('matrixOperator.matmat');
      // AVᵀ transposed is VA, since A is symmetric.
      return matMul(v, matrix);
    },
    dispose(): void {
      matrix.dispose();
    },
  };
}
