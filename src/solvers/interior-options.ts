import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import type { Schema } from '../options.js';
import {
  anyInteger,
  byDefault,
  callable,
  integer,
  number,
  or,
  readOptions,
  requireIs,
  unchecked,
} from '../options.js';
import type { DriveOptions } from '../tfjs/drive.js';
import { driveSchema } from '../tfjs/drive.js';
import { userFunction } from '../tfjs/run-scope.js';
import type { BlockPlan } from './block-run.js';
import type { EigenProgress } from './lanczos-options.js';
import { abortChoice, mostProducts } from './product-budget.js';
import { requireStartVectors } from './start-vectors.js';

/** Options of {@link interiorEigenpairs}. */
export interface InteriorOptions {
  /** σ, what the eigenvalues are to be near to. Default 0. */
  readonly near?: number;
  /** Number of pairs, 1 to n. Default 1. */
  readonly k?: number;
  /**
   * A pair has converged when ‖Av − λv‖ ≤ max(tol·|λ − σ|, 10·2⁻²³·‖A‖): relative to its distance from σ, but never below
   * what float32 products can show. Default 1e-2; the eigenvalue is better than its residual by the square.
   */
  readonly tol?: number;
  /** Products at most, k at least; default as many as it takes. See `LanczosOptions`. */
  readonly maxMatvecs?: number;
  /** Times that the space is widened at most; each takes a solve of up to 200 products. Default 100. */
  readonly maxIterations?: number;
  /** What a run does when its `signal` is aborted: reject, the default, or return what it has. See `LanczosOptions`. */
  readonly onAbort?: 'reject' | 'return';
  /**
   * Where to start: one vector [n] or several as rows [m, n], finite; they stay the caller's. To save products they have to
   * hold the k + max(2, k/2) nearest. Default: random ones.
   */
  readonly startVectors?: Tensor1D | Tensor2D;
  /** Seed of everything random. Default 0. */
  readonly seed?: number;
  /** Called after every product. */
  readonly onProgress?: (progress: EigenProgress) => void;
}

function schemaFor(n: number) {
  return {
    near: byDefault(number(), 0),
    k: byDefault(integer(1, n), 1),
    tol: byDefault(number({ above: 0, below: 1 }), 1e-2),
    maxMatvecs: mostProducts,
    maxIterations: byDefault(integer(1), 100),
    onAbort: abortChoice,
    startVectors: unchecked<Tensor1D | Tensor2D>(),
    seed: byDefault(anyInteger, 0),
    onProgress: callable<(progress: EigenProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<InteriorOptions & DriveOptions>;
}

/** Options with their defaults filled in. */
export interface InteriorPlan extends BlockPlan {
  readonly near: number;
}

/** Checks the options of a run and fills in the defaults. @throws CurvatureArgumentError that names `where` */
export function planInterior(
  { size }: AnyOperator,
  options: InteriorOptions & DriveOptions,
  where: string,
): InteriorPlan {
  const settings = readOptions(options, schemaFor(size), where);
  const { k, maxMatvecs, startVectors, onProgress } = settings;
  requireIs(maxMatvecs, or(integer(k), Infinity), 'maxMatvecs', where);
  if (startVectors != null) requireStartVectors(startVectors, size, size, where);
  return { ...settings, onProgress: userFunction(onProgress ?? (() => {})) };
}
