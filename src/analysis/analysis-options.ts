import { byUser } from '../tfjs/run-scope.js';
import type { OptionNames } from '../errors.js';
import { isListOf, requireArgument } from '../errors.js';
import { outsideLeases } from '../objectives/parameter-lease.js';
import type { EigenResult } from '../solvers/result.js';

/** How far an analysis has come. */
export interface AnalysisProgress {
  /** Pieces of work done: see the analysis for what a piece is. */
  readonly done: number;
  /** Pieces of work in all. */
  readonly total: number;
}

/** How an analysis reports and is stopped. */
export interface RunOptions {
  /** Called after each piece of work. */
  readonly onProgress?: (progress: AnalysisProgress) => void;
  /** Stops the run; the promise rejects with the signal's reason, and the parameters are what they were. */
  readonly signal?: AbortSignal;
}

export const runOptionNames: OptionNames<RunOptions> = { onProgress: 'function', signal: 'signal' };

/** Which directions an analysis looks along, and on which examples they are found. */
export interface DirectionOptions {
  /** Number of sharpest directions. Default: as many as `eigenpairs` has, or 5 as in the paper. */
  readonly k?: number;
  /** Eigenpairs of the Hessian at the present parameters, e.g. from `lanczos`; stay the caller's. Default: computed. */
  readonly eigenpairs?: EigenResult;
  /**
   * Examples drawn at random for the Hessian, where eigenpairs are computed. Default: 5 % of the examples as in the
   * paper (2250 of 45 000), but at least 256. More give less noisy directions at proportional cost.
   */
  readonly hessianExamples?: number;
  /** Relative residual to which eigenpairs are computed. Default 1e-3. */
  readonly tol?: number;
}

export const directionOptionNames: OptionNames<DirectionOptions> = {
  k: 'value',
  eigenpairs: 'value',
  hessianExamples: 'value',
  tol: 'value',
};

/** Which minibatches an analysis draws. */
export interface MinibatchOptions {
  /** S, examples of a minibatch. Default 128. An objective's minibatches are its terms, and it takes no size. */
  readonly batchSize?: number;
  /** M, number of minibatches. Default 10, as in the paper. */
  readonly minibatches?: number;
  /** Seed of everything that is drawn. Default 0. */
  readonly seed?: number;
}

export const minibatchOptionNames: OptionNames<MinibatchOptions> = {
  batchSize: 'value',
  minibatches: 'value',
  seed: 'value',
};

/** Throws unless `value` is a whole number from `least`. */
export function requireCount(value: number, least: number, where: string, name: string): void {
  requireArgument(
    Number.isSafeInteger(value) && value >= least,
    where,
    `${name}, a whole number from ${least}`,
    value,
  );
}

/** Throws unless `value` is a finite number > 0. */
export function requirePositive(value: number, where: string, name: string): void {
  requireArgument(Number.isFinite(value) && value > 0, where, `${name} > 0`, value);
}

/** Throws unless `values` is a list of finite numbers, not empty. */
export function requireNumbers(values: readonly number[], where: string, name: string): void {
  requireArgument(
    isListOf(values, Number.isFinite) && values.length > 0,
    where,
    `${name}, a list of finite numbers`,
    values,
  );
}

/** Counts pieces of work and reports each. */
export class ProgressCounter {
  private done = 0;

  constructor(
    private readonly total: number,
    private readonly report: RunOptions['onProgress'],
  ) {}

  /** Notes one more piece. */
  advance(): void {
    this.done++;
    const { done, total, report } = this;
    if (report != null) outsideLeases(() => byUser(() => report({ done, total })));
  }
}
