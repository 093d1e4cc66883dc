import type { RectangularOperator } from '../operators/rectangular-operator.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, callable, integer, number, or, readOptions, requireIs } from '../options.js';
import type { DriveOptions } from '../tfjs/drive.js';
import { driveSchema } from '../tfjs/drive.js';
import { userFunction } from '../tfjs/run-scope.js';
import { affordableRows, leastKrylovDim } from './lanczos-options.js';
import { abortChoice, mostProducts } from './product-budget.js';

/** What {@link svd} tells while it runs. */
export interface SvdProgress {
  /** Products Av and Aᵀu done so far. */
  readonly numMatvecs: number;
  /** How many of the wanted triplets have a residual within the tolerance at present. */
  readonly numConverged: number;
  /** Present approximations of the wanted singular values, at most k of them. */
  readonly singularValues: Float64Array;
  /** The residual of each of them. */
  readonly residualNorms: Float64Array;
}

/** Options of {@link svd}. */
export interface SvdOptions {
  /** Number of triplets, 1 to min(m, n), the largest. Default 1. */
  readonly k?: number;
  /**
   * A triplet has converged when ‖Av - σu‖ and ‖Aᵀu - σv‖ are ≤ max(tol·σ, 10·2⁻²³·‖A‖): relative to its singular value, but
   * never below what float32 products can show. Default 1e-3. The singular value is better than its residual by the square, as
   * far as it stands apart.
   */
  readonly tol?: number;
  /**
   * Largest number of basis vectors on either side, and so the memory: krylovDim + 4 vectors of length m and as many of length n.
   * At least k + 1 (or min(m, n)). More means fewer products where the run is long. Default: as many as fit into 192 MiB, at least
   * max(20, 3k + 2), at most 160, never more than min(m, n).
   */
  readonly krylovDim?: number;
  /** How often the bases may be restarted before the run ends with `maxIterations`. Default 100. */
  readonly maxRestarts?: number;
  /**
   * Products Av and Aᵀu at most, all together, 2k at least; default as many as it takes. When they are spent, or one is left, the
   * run ends with the triplets as they stand and the status `maxMatvecs`.
   */
  readonly maxMatvecs?: number;
  /**
   * What a run does when its `signal` is aborted: reject with the signal's reason, the default, or return what it has, with the
   * status `aborted`. Of triplets that no product has shown yet the singular value is NaN, and the vectors zero.
   */
  readonly onAbort?: 'reject' | 'return';
  /**
   * Products that one check may take at most. Once the triplets have converged, a fresh random vector is tried, to find copies of
   * repeated singular values and others that the start vector hid: see `LanczosOptions`. Default 100. 0 is none.
   */
  readonly confirm?: number;
  /** Seed of everything random. Default 0. */
  readonly seed?: number;
  /** Called after the products, with what is known. */
  readonly onProgress?: (progress: SvdProgress) => void;
}

function schemaFor(side: number) {
  return {
    k: byDefault(integer(1, side), 1),
    tol: byDefault(number({ above: 0, below: 1 }), 1e-3),
    krylovDim: or(integer(Math.min(side, 2)), Infinity),
    maxRestarts: byDefault(or(integer(0), Infinity), 100),
    maxMatvecs: mostProducts,
    onAbort: abortChoice,
    confirm: byDefault(or(integer(0), Infinity), 100),
    seed: byDefault(anyInteger, 0),
    onProgress: callable<(progress: SvdProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<SvdOptions & DriveOptions>;
}

/** Options with their defaults filled in. */
export type SvdPlan = Settings<SvdOptions & DriveOptions, ReturnType<typeof schemaFor>> & {
  readonly krylovDim: number;
};

/** Checks the options of a run and fills in the defaults. @throws CurvatureArgumentError that names `where` */
export function planSvd(
  { shape: [m, n] }: Pick<RectangularOperator, 'shape'>,
  options: SvdOptions & DriveOptions,
  where: string,
): SvdPlan {
  const side = Math.min(m, n);
  const settings = readOptions(options, schemaFor(side), where);
  const { k, maxMatvecs, onProgress } = settings;
  requireIs(maxMatvecs, or(integer(2 * k), Infinity), 'maxMatvecs', where);
  const rows = settings.krylovDim ?? Math.max(leastKrylovDim(k, side), affordableRows(m + n));
  const krylovDim = Math.min(side, rows);
  requireIs(krylovDim, integer(Math.min(side, k + 1), side), 'krylovDim', where);
  return { ...settings, krylovDim, onProgress: onProgress && userFunction(onProgress) };
}
