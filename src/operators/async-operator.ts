import { requireOperator } from './linear-operator.js';

/**
 * A symmetric linear map of R^n whose products are computed somewhere else: in workers, on another machine. What a
 * solver hands it and gets from it are numbers, not tensors.
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
}

/** Throws a CurvatureArgumentError that names `where` unless `operator` multiplies, at once or later. */
export function requireAnyOperator(operator: unknown, where: string): void {
  requireOperator(operator, where, ['matvec', 'multiply']);
}
