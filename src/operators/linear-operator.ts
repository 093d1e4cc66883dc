import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { clone, stack, Tensor, tidy } from '@tensorflow/tfjs-core';
import { byUser } from '../tfjs/run-scope.js';
import { CurvatureArgumentError, requireArgument } from '../errors.js';
import { requireVector } from '../parameters.js';
import { remedyFor } from '../remedies.js';
import type { Vectors } from '../rows.js';
import { requireTensor, rowOf } from '../rows.js';

/**
 * A symmetric linear map of R^n given by its products alone: v [n] -> Av [n].
 *
 * Everything above this layer (solvers, estimators, optimizers) knows curvature only through this interface.
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

  /**
   * How large the terms are that Av of a unit vector v is summed from before they cancel, where the operator knows:
   * the product is off by some 1e-7 of it, and an eigenvalue with |λ| ≤ 1e-6 · magnitude is zero to rounding. Left out,
   * products count as right to 1e-6 of themselves. Measured when it is first asked for, for a few products.
   *
   * @returns a number ≥ 0; NaN for as long as it is on its way from a device that is not read at once (WebGL, WebGPU):
   *   ask again after the next `await`
   */
  magnitude?(): number;

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
    remedyFor('operator', given),
  );
  const size = given!.size;
  requireArgument(
    Number.isSafeInteger(size) && (size as number) >= 1,
    where,
    'a linear operator of size >= 1',
    size,
    remedyFor('operator', given),
  );
}

/**
 * Av, for an operator that anybody may have written. All products of this package are asked for here.
 *
 * @returns a new tensor of shape [n], owned by the caller; whatever the operator does with v, it stays the caller's
 * @throws CurvatureArgumentError if the product is no vector of the operator's space
 */
export function productOf(operator: Pick<LinearOperator, 'size' | 'matvec'>, v: Tensor1D): Tensor1D {
  const where = 'LinearOperator.matvec';
  const multiply = (given: Tensor1D): Tensor1D => operator.matvec(given);
  return ownProduct(v, multiply, where, (product) => requireVector(product, operator.size, where));
}

/**
 * AV for a block of rows, by `matmat` where the operator has one, else row by row.
 *
 * @returns a new tensor of shape [m, n], owned by the caller; whatever the operator does with V, it stays the caller's
 * @throws CurvatureArgumentError if the product is no block of vectors of the operator's space
 */
export function productsOf(
  operator: Pick<LinearOperator, 'size' | 'matvec' | 'matmat'>,
  rows: Tensor2D,
): Tensor2D {
  const { shape } = rows;
  if (operator.matmat != null) {
    const where = 'LinearOperator.matmat';
    const expected = `live float32 rows of shape [${shape.join(', ')}]`;
    const fits = (given: readonly number[]): boolean =>
      given.length === 2 && given[0] === shape[0] && given[1] === shape[1];
    const multiply = (given: Tensor2D): Tensor2D => operator.matmat!(given);
    return ownProduct(rows, multiply, where, (product) => requireTensor(product, fits, where, expected));
  }
  const [count] = shape;
  return tidy(() => {
    const images: Tensor1D[] = [];
    for (let i = 0; i < count; i++) {
      const row = rowOf(rows, i);
      images.push(productOf(operator, row));
      row.dispose();
    }
    return stack(images) as Tensor2D;
  });
}

/** {@link productOf} a vector or {@link productsOf} a block. */
export function times<T extends Vectors>(operator: LinearOperator, v: T): T {
  return (v.rank === 1 ? productOf(operator, v as Tensor1D) : productsOf(operator, v as Tensor2D)) as T;
}

/**
 * What an operator answers to v, once it has passed `check`; what has not is released. It is given a second reference to
 * the numbers of v, so that v lives on whether the operator hands back what it was given or disposes of it.
 */
export function ownProduct<T extends Vectors>(
  v: T,
  multiply: (given: T) => unknown,
  where: string,
  check: (product: T) => void,
): T {
  const given = clone(v) as Tensor as T;
  let answer: unknown;
  try {
    answer = byUser(() => multiply(given));
  } finally {
    if (answer !== given) given.dispose();
  }
  if (answer instanceof Promise) {
    answer.catch(() => {});
    const expected = 'a tensor (an operator that answers later has a method `multiply`: AsyncLinearOperator)';
    throw new CurvatureArgumentError(where, expected, 'a promise');
  }
  try {
    check(answer as T);
  } catch (error) {
    if (answer instanceof Tensor) answer.dispose();
    throw error;
  }
  return answer as T;
}
