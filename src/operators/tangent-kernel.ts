import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { derivedOperator } from './derived-operator.js';
import type { LinearOperator } from './linear-operator.js';
import { productsOf } from './linear-operator.js';
import { magnitudeOf } from './magnitude.js';
import type { RectangularOperator } from './rectangular-operator.js';
import { adjointImageOf, imageOf, requireRectangular } from './rectangular-operator.js';

/**
 * JJᵀ of a rectangular operator J: the tangent kernel of a model, if J is its Jacobian.
 *
 * Entry (p, q) is the inner product of the gradients of outputs p and q by the parameters: how much a gradient step for output q
 * moves output p. Symmetric, positive semidefinite, of size m, the number of outputs of all examples, in the order of the
 * rows of J. Its eigenvalues, but for zeros, are those of JᵀJ, and for mean squared error 2/m of them are those of the
 * Gauss-Newton matrix: where outputs are fewer than parameters, this is the smaller of the two. Any solver or estimator
 * takes it; `materialize` makes the matrix.
 *
 * Cost of a product: one of each kind of J. Nothing is kept.
 *
 * @param jacobian stays the caller's, and has to live as long as the kernel is used
 * @returns an operator that owns nothing
 * @throws CurvatureArgumentError for what is no rectangular operator
 * Source: Jacot, Gabriel & Hongler 2018, "Neural Tangent Kernel: Convergence and Generalization in Neural Networks".
 *
 * @example
 * const jacobian = new JacobianOperator(model, xs);
 * const kernel = tangentKernel(jacobian);
 * const { eigenvalues } = await lanczos(kernel, { k: 3 });
 * const matrix = await materialize(kernel); // [72, 72]: 24 examples of 3 outputs
 * jacobian.dispose();
 */
export function tangentKernel(jacobian: RectangularOperator): LinearOperator {
  requireRectangular(jacobian, 'tangentKernel');
  const [size] = jacobian.shape;
  const matvec = (u: Tensor1D): Tensor1D => {
    const gradient = adjointImageOf(jacobian, u);
    try {
      return imageOf(jacobian, gradient);
    } finally {
      gradient.dispose();
    }
  };
  const plain: LinearOperator = { size, matvec, dispose: () => {} };
  return derivedOperator({
    name: 'tangentKernel',
    size,
    operands: [jacobian],
    product: (u) =>
      (u.rank === 1 ? matvec(u as Tensor1D) : productsOf(plain, u as Tensor2D)) as Tensor as typeof u,
    // What rounding leaves of Jᵀu is multiplied by J once more.
    magnitude: () => (jacobian.magnitude == null ? magnitudeOf(plain) : jacobian.magnitude() ** 2),
  });
}
