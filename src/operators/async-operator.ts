import { CurvatureArgumentError, requireArgument } from '../errors.js';
import type { LinearOperator } from './linear-operator.js';
import { requireOperator } from './linear-operator.js';

/**
 * A symmetric linear map of R^n whose products are computed somewhere else: in workers, on another machine. What a
 * solver hands it and gets from it are numbers, not tensors. Every solver and every estimator takes one.
 */
export interface AsyncLinearOperator {
  /** n, the length of the vectors the operator acts on. */
  readonly size: number;

  /**
   * Av for one vector.
   *
   * @param v n numbers; left as they are
   * @returns n numbers; a rejection ends the solver's run, and the run rejects with it
   */
  multiply(v: Float32Array): Promise<Float32Array>;

  /** See `LinearOperator.magnitude`. */
  magnitude?(): Promise<number>;
}

/** An operator that multiplies, at once or later. */
export type AnyOperator = LinearOperator | AsyncLinearOperator;

/** Throws a CurvatureArgumentError that names `where` unless `operator` multiplies, at once or later. */
export function requireAnyOperator(operator: unknown, where: string): void {
  requireOperator(operator, where, ['matvec', 'multiply']);
}

/** Whether the products of an operator are computed at once. */
export function answersAtOnce(operator: AnyOperator): operator is LinearOperator {
  return typeof (operator as Partial<LinearOperator>).matvec === 'function';
}

const where = 'AsyncLinearOperator.multiply';

/**
 * The numbers of Av, for an operator that anybody may have written: it may write into the vector that it is given, and
 * go on using the one that it answers with. The cpu backend hands out the memory of its tensors, and takes over what it
 * makes tensors of.
 *
 * @throws CurvatureArgumentError at once if the answer is no promise; the promise rejects with one if what it resolves
 *   to is no vector of the operator's space
 */
export function laterProductOf(operator: AsyncLinearOperator, v: Float32Array): Promise<Float32Array> {
  const answer: unknown = operator.multiply(v.slice());
  requireArgument(isPromise(answer), where, `a promise of ${operator.size} numbers`, answer);
  return answer.then((values) => {
    requireArgument(isFloat32Array(values), where, 'a Float32Array', values);
    const { length } = values;
    if (length === operator.size) return values.slice();
    throw new CurvatureArgumentError(where, `${operator.size} numbers`, `${length}`);
  });
}

function isPromise(answer: unknown): answer is Promise<unknown> {
  return typeof (answer as Partial<Promise<unknown>> | null | undefined)?.then === 'function';
}

/** Also one of another realm, as tests under Jest and frames of a page have them. */
function isFloat32Array(values: unknown): values is Float32Array {
  return Object.prototype.toString.call(values) === '[object Float32Array]';
}
