import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, Tensor } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, requireArgument } from '../errors.js';
import { requireVector } from '../parameters.js';

/**
 * A symmetric linear map of R^n given by its products alone: v [n] -> Av [n].
 *
 * Everything above this floor (solvers, estimators, optimizers) knows curvature only through this interface.
 */
export interface LinearOperator {
  /** n, the length of the vectors the operator acts on. */
  readonly size: number;

  /**
   * Av for one vector.
   *
   * @param v float32 vector of shape [n]; left as it is, still owned by the caller
   * @returns a new tensor of shape [n] that the caller disposes
   */
  matvec(v: Tensor1D): Tensor1D;

  /**
   * AV for a block of vectors, one a row, where the operator can do that faster than one by one.
   *
   * @param v float32 rows [m, n]; left as they are
   * @returns a new tensor of shape [m, n] that the caller disposes
   */
  matmat?(v: Tensor2D): Tensor2D;

  /** Releases what the operator holds on the device. Products afterwards throw. Calling it twice is harmless. */
  dispose(): void;
}

/**
 * Throws a CurvatureArgumentError that names `where` unless `operator` is a linear operator: an object with a size, a
 * whole number from 1, and a function that multiplies.
 *
 * @param products names of the functions of which it has to have one
 */
export function requireOperator(
  operator: unknown,
  where: string,
  products: readonly string[] = ['matvec'],
): void {
  const given = operator as Readonly<Record<string, unknown>> | null | undefined;
  requireArgument(
    products.some((name) => typeof given?.[name] === 'function'),
    where,
    `a linear operator {size, ${products.join(' or ')}}`,
    given,
  );
  const size = given!.size;
  requireArgument(
    Number.isSafeInteger(size) && (size as number) >= 1,
    where,
    'a linear operator of size >= 1',
    size,
  );
}

/**
 * Av, for an operator that anybody may have written.
 *
 * @returns a new tensor of shape [n], owned by the caller; a copy where the operator hands back v itself
 * @throws CurvatureArgumentError if the product is no vector of the operator's space
 */
export function productOf(operator: Pick<LinearOperator, 'size' | 'matvec'>, v: Tensor1D): Tensor1D {
  const product: unknown = operator.matvec(v);
  if (product === v) return clone(v);
  const where = 'LinearOperator.matvec';
  if (product instanceof Promise) {
    product.catch(() => {});
    const expected = 'a tensor (an operator that answers later has a method `multiply`: AsyncLinearOperator)';
    throw new CurvatureArgumentError(where, expected, 'a promise');
  }
  try {
    requireVector(product as Tensor1D, operator.size, where);
  } catch (error) {
    if (product instanceof Tensor) product.dispose();
    throw error;
  }
  return product as Tensor1D;
}
