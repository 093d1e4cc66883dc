import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, div, matMul, max, mul, norm, reshape, tidy } from '@tensorflow/tfjs-core';
import { requireArgument, requireThat } from '../errors.js';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { factoredNorm } from '../rows.js';
import { measuredOnce } from './magnitude.js';

/**
 * A dense symmetric matrix as an operator: v -> Av.
 *
 * Cost of a product: n² multiplications; memory: n² numbers.
 *
 * @param a symmetric float32 matrix [n, n]; its values are not checked, the tensor stays the caller's
 * @returns an operator with a matrix of its own; `dispose` releases it
 * @throws CurvatureArgumentError for a tensor that is not a live square float32 matrix
 * @example
 * const matrix = tf.tensor2d([[2, 1], [1, 2]]);
 * const operator = matrixOperator(matrix);
 * const { eigenvalues } = await lanczos(operator, { k: 2 }); // 3 and 1
 */
export function matrixOperator(a: Tensor2D): LinearOperator {
  const expected = 'a live float32 matrix of shape [n, n], n >= 1';
  requireArgument(a != null && Array.isArray(a.shape) && a.rank === 2, 'matrixOperator', expected, a);
  requireThat(!a.isDisposed, 'matrixOperator', expected, 'a disposed tensor');
  const [n, columns] = a.shape;
  requireArgument(n === columns && n >= 1 && a.dtype === 'float32', 'matrixOperator', expected, a);
  const matrix = clone(a);
  return derivedOperator({
    name: 'matrixOperator',
    size: n,
    operands: [],
    // AVᵀ transposed is VA, since A is symmetric.
    product: (v) =>
      tidy(
        () => reshape(matMul(reshape(v, [v.size / n, n]) as Tensor2D, matrix), v.shape) as Tensor as typeof v,
      ),
    // The terms of A e_j are as long as column j.
    magnitude: () =>
      measuredOnce(matrix, () => {
        const [scale] = factoredNorm([matrix]);
        return mul(scale, max(norm(div(matrix, scale), 'euclidean', 0)));
      }),
    release: () => matrix.dispose(),
  });
}
