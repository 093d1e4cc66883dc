import type { Tensor1D } from '@tensorflow/tfjs-core';
import { isListOf, requireArgument } from '../errors.js';
import { integer } from '../options.js';
import { requireVector } from '../parameters.js';
import { remedyFor } from '../remedies.js';
import { ownProduct } from './linear-operator.js';

/** A linear map A from R^n to R^m given by its products alone: v [n] -> Av [m] and u [m] -> Aᵀu [n]. */
export interface RectangularOperator {
  /** [m, n]: rows and columns of A. */
  readonly shape: readonly [m: number, n: number];

  /**
   * Av for one vector.
   *
   * @param v float32 vector of shape [n]; left as it is, still owned by the caller
   * @returns a new tensor of shape [m] that the caller disposes
   */
  matvec(v: Tensor1D): Tensor1D;

  /**
   * Aᵀu for one vector.
   *
   * @param u float32 vector of shape [m]; left as it is, still owned by the caller
   * @returns a new tensor of shape [n] that the caller disposes
   */
  rmatvec(u: Tensor1D): Tensor1D;

  /**
   * How large the terms are that Av and Aᵀu of unit vectors are summed from before they cancel, where the operator knows: see
   * `LinearOperator.magnitude`.
   */
  magnitude?(): number;

  /** Releases what the operator holds on the device. Products afterwards throw. Calling it twice is harmless. */
  dispose(): void;
}

/**
 * Throws a CurvatureArgumentError that names `where` unless `operator` multiplies from both sides and has a shape of two whole
 * numbers from 1.
 */
export function requireRectangular(
  operator: unknown,
  where: string,
): asserts operator is RectangularOperator {
  const given = operator as Partial<RectangularOperator> | null | undefined;
  requireArgument(
    typeof given?.matvec === 'function' && typeof given.rmatvec === 'function',
    where,
    'a rectangular operator {shape, matvec, rmatvec}',
    given,
    remedyFor('rectangular', given),
  );
  const shape: unknown = given.shape;
  const isShape = isListOf<number>(shape, integer(1).accepts) && shape.length === 2;
  requireArgument(isShape, where, 'a rectangular operator of shape [m, n], both >= 1', shape);
}

/**
 * Av, for an operator that anybody may have written.
 *
 * @returns a new tensor of shape [m], owned by the caller; whatever the operator does with v, it stays the caller's
 * @throws CurvatureArgumentError if the product is no vector of R^m
 */
export function imageOf(operator: RectangularOperator, v: Tensor1D): Tensor1D {
  const where = 'RectangularOperator.matvec';
  const check = (product: Tensor1D): void => requireVector(product, operator.shape[0], where);
  return ownProduct(v, (given) => operator.matvec(given), where, check);
}

/** Aᵀu in R^n; else as {@link imageOf}. */
export function adjointImageOf(operator: RectangularOperator, u: Tensor1D): Tensor1D {
  const where = 'RectangularOperator.rmatvec';
  const check = (product: Tensor1D): void => requireVector(product, operator.shape[1], where);
  return ownProduct(u, (given) => operator.rmatvec(given), where, check);
}
