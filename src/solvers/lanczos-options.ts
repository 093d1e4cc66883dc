import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { userFunction } from '../tfjs/run-scope.js';
import { requireThat } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import {
  anyInteger,
  byDefault,
  callable,
  integer,
  number,
  oneOf,
  or,
  readOptions,
  requireIs,
  unchecked,
} from '../options.js';
import { driveSchema, type DriveOptions } from '../tfjs/drive.js';
import { rowsThatFit } from './basis-memory.js';
import { abortChoice, mostProducts } from './product-budget.js';
import { requireStartVectors } from './start-vectors.js';
import type { Which } from '../symmetric-eigen.js';

/** What a solver tells while it runs. */
export interface EigenProgress {
  /** Products Av done so far. */
  readonly numMatvecs: number;
  /** How many of the wanted pairs have a residual within the tolerance at present. */
  readonly numConverged: number;
  /** Present approximations of the wanted eigenvalues, at most k of them. */
  readonly ritzValues: Float64Array;
  /** ‖Av - λv‖₂ of each of them. */
  readonly residualNorms: Float64Array;
}

/** Options of `lanczos`. */
export interface LanczosOptions {
  /** Number of pairs, 1 to n. Default 1. */
  readonly k?: number;
  /**
   * Largest algebraic ('LA', the default), smallest algebraic ('SA'), largest in magnitude ('LM'), or half of the pairs
   * from each end ('BE', for k of 2 and more): the largest and, of an odd k one less, the smallest, ascending.
   */
  readonly which?: Which;
  /**
   * A pair has converged when ‖Av - λv‖ ≤ max(tol·|λ|, 10·2⁻²³·‖A‖): relative to its eigenvalue, but never below
   * what float32 products can show, which is also the scale for λ ≈ 0. Default 1e-3. The eigenvalue is better
   * than its residual by the square (Parlett 1998, §11.7): 1e-3 leaves errors of some 1e-6 where the wanted
   * eigenvalues stand apart. Smaller costs a product or two for each factor of 10 there, more in a cluster.
   */
  readonly tol?: number;
  /**
   * Largest number of basis vectors, and so the memory: krylovDim + 4 vectors of length n. At least k + 1 (or n);
   * with 'LM' and 'BE' take 2k + 2, since in a smaller basis the two ends of the spectrum crowd each other out at restarts.
   * More means fewer products where the run is long. The basis grows only as far as a run needs. Default: as
   * many as fit into 192 MiB, at least max(20, 3k + 2), at most 160 (the dense problem of 160 costs less than a
   * product), never more than n.
   */
  readonly krylovDim?: number;
  /** How often the basis may be restarted before the run ends with `maxIterations`. Default 100. */
  readonly maxRestarts?: number;
  /**
   * Products at most, k at least; default as many as it takes. When they are spent the run ends with the pairs as they
   * stand and the status `maxMatvecs`. All products count: those that check the pairs, those that measure them again,
   * and, where an operator looks as if it were zero or not symmetric, two for its `magnitude`.
   */
  readonly maxMatvecs?: number;
  /**
   * What a run does when its `signal` is aborted: reject with the signal's reason, the default, or return what it has, with
   * the status `aborted`. Of pairs that no product has shown yet the eigenvalue is NaN, and the vector zero.
   */
  readonly onAbort?: 'reject' | 'return';
  /**
   * Where to start: one vector [n] or several as rows [m, n], e.g. the eigenvectors of an earlier step. Of any
   * length but zero; they stay the caller's. Several whose span is invariant to some tol are improved as a block, for
   * little more than m products; else the run starts from their sum. m is at most krylovDim - k; of more, where the basis
   * has room for all of the space, the first ones count. Default: one random vector.
   */
  readonly startVectors?: Tensor1D | Tensor2D;
  /**
   * Products that one check may take at most. Once the pairs have converged, they go to a fresh random vector, to find
   * eigenvalues that the start vector hid: a Krylov space holds one vector of each eigenspace only. A check ends as soon
   * as an eigenvalue beyond the last wanted one would have shown with a probability of 99 %, after 3 to 15 products. What
   * it finds is taken up, the run goes on, and its pairs are checked in their turn. Default 50. 0 is none: the pairs of
   * the start vector are returned, whether or not there are copies of them, or others have overtaken them.
   */
  readonly confirm?: number;
  /** Seed of everything random. Default 0. */
  readonly seed?: number;
  /** Called after the products, with what is known. */
  readonly onProgress?: (progress: EigenProgress) => void;
}

/** The schema of {@link LanczosOptions} for an operator of R^n. */
export function lanczosSchema(n: number) {
  return {
    k: byDefault(integer(1, n), 1),
    which: byDefault(oneOf('LA', 'SA', 'LM', 'BE'), 'LA'),
    tol: byDefault(number({ above: 0, below: 1 }), 1e-3),
    krylovDim: or(integer(Math.min(n, 2)), Infinity),
    maxRestarts: byDefault(or(integer(0), Infinity), 100),
    maxMatvecs: mostProducts,
    onAbort: abortChoice,
    startVectors: unchecked<Tensor1D | Tensor2D>(),
    confirm: byDefault(or(integer(0), Infinity), 50),
    seed: byDefault(anyInteger, 0),
    onProgress: callable<(progress: EigenProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<LanczosOptions & DriveOptions>;
}

/** Options with their defaults filled in. */
export type LanczosPlan = Settings<LanczosOptions & DriveOptions, ReturnType<typeof lanczosSchema>> & {
  readonly krylovDim: number;
};

const LARGEST_DEFAULT = 160;

/**
 * The smallest basis that a search for k pairs is given by default, and the products that it takes without a restart:
 * room for the pairs, as many to start from, and as many again to tell them apart.
 */
export function leastKrylovDim(k: number, n: number): number {
  return Math.min(n, Math.max(20, 3 * k + 2));
}

/** How many rows of so many numbers a basis has by default. */
export function affordableRows(numbers: number): number {
  return Math.min(LARGEST_DEFAULT, rowsThatFit(numbers));
}

/**
 * Checks the options of a Lanczos run and fills in the defaults.
 *
 * @throws CurvatureArgumentError that names `where`, the option and what came instead
 */
export function planLanczos(
  operator: Pick<LinearOperator, 'size'>,
  options: LanczosOptions & DriveOptions,
  where: string,
): LanczosPlan {
  const n = operator.size;
  const settings = readOptions(options, lanczosSchema(n), where);
  const { k, which, maxMatvecs, startVectors, onProgress } = settings;
  requireThat(which !== 'BE' || k > 1, where, "k >= 2 with which: 'BE', a pair from each end", `${k}`);
  requireIs(maxMatvecs, or(integer(k), Infinity), 'maxMatvecs', where);
  const krylovDim = Math.min(n, settings.krylovDim ?? Math.max(leastKrylovDim(k, n), affordableRows(n)));
  requireIs(krylovDim, integer(Math.min(n, k + 1), n), 'krylovDim', where);
  if (startVectors != null) requireStartVectors(startVectors, n, krylovDim === n ? n : krylovDim - k, where);
  return { ...settings, krylovDim, onProgress: onProgress && userFunction(onProgress) };
}
