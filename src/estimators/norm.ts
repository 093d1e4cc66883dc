import type { AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { Schema } from '../options.js';
import { readOptions } from '../options.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { DriveOptions } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import { FLOAT32_EPSILON } from '../float32.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { LanczosOptions } from '../solvers/lanczos-options.js';
import { lanczosSchema } from '../solvers/lanczos-options.js';
import type { EigenStatus } from '../solvers/result.js';
import type { Estimate, EstimatorOptions } from './estimate.js';
import { Sample, planEstimator } from './estimate.js';
import { EstimateRun } from './estimate-run.js';
import { quadraticForm, signs } from './quadratic-form.js';

/**
 * The Frobenius norm of an operator, √(Σ a_ij²), where it is symmetric √(Σ λ_i²): the root of the mean of ‖Az‖² over random
 * signs z (Hutchinson for AᵀA; nothing is squared twice, so it also does for an indefinite A).
 *
 * Cost: `numMatvecs` products. Memory: 2 vectors of length n.
 *
 * @param operator symmetric or not; stays the caller's. Of one that changes from product to product the mean square is
 *   estimated
 * @param options see {@link EstimatorOptions}; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose; the standard error is that of the root
 * @throws CurvatureArgumentError for options out of range. What `operator.matvec` throws passes through
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { value } = await frobeniusNorm(hessian);
 */
export async function frobeniusNorm(
  operator: LinearOperator | AsyncLinearOperator,
  options: EstimatorOptions & { readonly signal?: AbortSignal } = {},
): Promise<Estimate> {
  const plan = planEstimator(operator, options, 'frobeniusNorm', 2);
  return driveAsync(
    frobeniusSteps(new EstimateRun(operator, plan)),
    plan,
    'frobeniusNorm',
    guardParameters(operator, 'frobeniusNorm'),
  );
}

function* frobeniusSteps(run: EstimateRun): SolverSteps<Estimate> {
  const { products, plan } = run;
  const random = new SeededRandom(plan.seed);
  const sample = new Sample();
  for (;;) {
    const { square } = yield* quadraticForm(products, signs(random, products.size));
    sample.add(square);
    const value = Math.sqrt(sample.mean);
    // The derivative of the root, 1 / 2√m, carries the error of the mean over.
    const standardError = value > 0 ? sample.standardError / (2 * value) : 0;
    const estimate = { value, standardError, rounding: FLOAT32_EPSILON * value };
    const result = run.judge(estimate, sample.tellsSpread);
    if (result != null) return result;
  }
}

/** A number found by Lanczos. */
export interface SpectralNumber {
  readonly value: number;
  /** How far `value` may be off: the residual norm of the eigenpairs behind it, and the rounding of products, carried over. */
  readonly residualNorm: number;
  readonly status: EigenStatus | 'indefinite' | 'singular' | 'negativeDefinite';
  readonly numMatvecs: number;
}

/** Options of {@link spectralNorm} and `conditionNumber`: those of `lanczos` without what they decide. */
export type SpectralOptions = Omit<LanczosOptions, 'k' | 'which' | 'startVectors' | 'maxMatvecs' | 'onAbort'>;

/** The schema of {@link SpectralOptions} for an operator of R^n. */
export function spectralSchema(n: number) {
  const { tol, krylovDim, maxRestarts, confirm, seed, onProgress, signal } = lanczosSchema(n);
  const schema = { tol, krylovDim, maxRestarts, confirm, seed, onProgress, signal };
  return schema satisfies Schema<SpectralOptions & DriveOptions>;
}

/**
 * The spectral norm of a symmetric operator, ‖A‖₂ = max |λ|, by Lanczos.
 *
 * @param operator symmetric; stays the caller's
 * @param options see `lanczos`; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose
 * @throws CurvatureArgumentError as `lanczos` does
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { value } = await spectralNorm(hessian);
 */
export async function spectralNorm(
  operator: LinearOperator | AsyncLinearOperator,
  options: SpectralOptions & { readonly signal?: AbortSignal } = {},
): Promise<SpectralNumber> {
  requireAnyOperator(operator, 'spectralNorm');
  const where = 'spectralNorm';
  const settings = readOptions(options, spectralSchema(operator.size), where);
  const found = await driveAsync(
    lanczosSteps(operator, { ...settings, k: 1, which: 'LM' }, where),
    settings,
    where,
    guardParameters(operator, where),
  );
  found.dispose();
  return {
    value: Math.abs(found.eigenvalues[0]!),
    residualNorm: found.residualNorms[0]!,
    status: found.status,
    numMatvecs: found.numMatvecs,
  };
}
