import { NormalizedOperator } from '../solvers/normalized-operator.js';
import type { AnyOperator } from '../operators/async-operator.js';
import type { Estimate, EstimatorPlan } from './estimate.js';

/** An estimate as an estimator has it, of the scaled operator. */
export interface ScaledEstimate {
  readonly value: number;
  /** Of the sample alone. */
  readonly standardError: number;
  /** What rounding may add to it. */
  readonly rounding: number;
}

/** One run of an estimator: its products, and when it ends. */
export class EstimateRun {
  readonly products: NormalizedOperator;

  constructor(
    operator: AnyOperator,
    readonly plan: EstimatorPlan,
  ) {
    this.products = new NormalizedOperator(operator);
  }

  get numMatvecs(): number {
    return this.products.numMatvecs;
  }

  /**
   * Tells of an estimate.
   *
   * @param knowsError whether the sample is large enough for its error to be believed
   * @param next products that the next estimate takes
   * @returns the result, if the run ends here
   */
  judge({ value, standardError, rounding }: ScaledEstimate, knowsError: boolean, next = 1): Estimate | null {
    const { numMatvecs, scale } = this.products;
    const { tol, maxMatvecs, onProgress } = this.plan;
    const error = Math.hypot(standardError, rounding);
    const estimate = { value: scale * value, standardError: scale * error, numMatvecs };
    onProgress(estimate);
    if (!Number.isFinite(value)) return { ...estimate, status: 'nonFinite' };
    if (knowsError && error <= tol * Math.abs(value)) return { ...estimate, status: 'converged' };
    return numMatvecs + next > maxMatvecs ? { ...estimate, status: 'maxIterations' } : null;
  }

  /** The result of a run of which a product is not finite, before there is an estimate. */
  nonFinite(): Estimate {
    return { value: NaN, standardError: NaN, status: 'nonFinite', numMatvecs: this.numMatvecs };
  }
}
