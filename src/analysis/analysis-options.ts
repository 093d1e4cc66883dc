import { byUser } from '../tfjs/run-scope.js';
import { outsideLeases } from '../objectives/parameter-lease.js';
import type { Schema, Settings } from '../options.js';
import { abortSignal, anyInteger, byDefault, callable, integer, number, unchecked } from '../options.js';
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

export const runSchema = {
  onProgress: callable<(progress: AnalysisProgress) => void>(),
  signal: abortSignal,
} satisfies Schema<RunOptions>;

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

export const directionSchema = {
  k: integer(1),
  eigenpairs: unchecked<EigenResult>(),
  hessianExamples: integer(1),
  tol: byDefault(number({ above: 0, below: 1 }), 1e-3),
} satisfies Schema<DirectionOptions>;

/** {@link DirectionOptions} with defaults filled in. */
export type DirectionSettings = Settings<DirectionOptions, typeof directionSchema>;

/** Which minibatches an analysis draws. */
export interface MinibatchOptions {
  /** S, examples of a minibatch. Default 128. An objective's minibatches are its terms, and it takes no size. */
  readonly batchSize?: number;
  /** M, number of minibatches. Default 10, as in the paper. */
  readonly minibatches?: number;
  /** Seed of everything that is drawn. Default 0. */
  readonly seed?: number;
}

export const minibatchSchema = {
  batchSize: integer(1),
  minibatches: byDefault(integer(1), 10),
  seed: byDefault(anyInteger, 0),
} satisfies Schema<MinibatchOptions>;

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
