import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, integer, number, readOptions } from '../options.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { SeededRandom } from '../random.js';
import { FEWEST_PRODUCTS, KrylovFunction, Settling } from '../solvers/krylov-function.js';
import type { SpectralFunction } from '../solvers/spectral-function.js';
import { spectralFunction } from '../solvers/spectral-function.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import { userFunction } from '../tfjs/run-scope.js';
import type { Estimate, EstimatorOptions } from './estimate.js';
import { estimatorSchema, FEWEST_SAMPLES, Sample } from './estimate.js';
import { signs } from './quadratic-form.js';

/** Options of {@link traceOfFunction}; `maxMatvecs` is 1000 by default. */
export interface TraceOfFunctionOptions extends EstimatorOptions {
  /** δ in f(A + δI). Default 0. */
  readonly damping?: number;
  /**
   * Products of a probe at most. Default min(n, 100), and an eighth of `maxMatvecs` in any case; fewer are taken where its
   * quadrature has settled. Of fewer than 5 the error is not known, and the standard error is Infinity, unless they are all of n.
   */
  readonly krylovDim?: number;
}

const schema = {
  ...estimatorSchema(1),
  maxMatvecs: byDefault(integer(1), 1000),
  damping: byDefault(number(), 0),
  krylovDim: byDefault(integer(1), 100),
} satisfies Schema<TraceOfFunctionOptions & DriveOptions>;

const where = 'traceOfFunction';

/**
 * The trace of a function of a symmetric operator, by stochastic Lanczos quadrature:
 *
 *     tr f(A + δI) = E zᵀf(A + δI)z ≈ mean over random signs z of n Σ_j τ_j² f(θ_j + δ)
 *
 * with θ_j the Ritz values of Lanczos from z and τ_j the first components of the eigenvectors of its tridiagonal matrix.
 * tr log(A + δI) is the log-determinant, as the evidence of a Laplace approximation has it.
 *
 * Each probe goes on until its quadrature is within a tenth of what is asked for, or of the spread of the probes; the
 * standard error counts what is left of that, as well as the spread and rounding. It is large where an eigenvalue is
 * within rounding, some 2⁻²³‖A + δI‖, of a pole of f, as 0 for log: damp. A kink or a pole of f
 * that no Ritz value has come near to does not show in it: of |λ|, it may be far too small.
 *
 * Cost: `numMatvecs` products. Memory: krylovDim + 4 vectors of length n.
 *
 * @param operator A, symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param f 'exp', 'log', 'inverseSquareRoot', or a function of an eigenvalue of A + δI
 * @param options see {@link TraceOfFunctionOptions}; `signal` stops the run between two products
 * @returns a plain record, nothing to dispose. Its status is 'outsideDomain', and its value NaN, where f is undefined at a
 *   Ritz value, as log is where A + δI is not positive definite
 * @throws CurvatureArgumentError for options out of range, an f that is neither or gives no number, an operator whose
 *   asymmetry is above 5 %. What f and the operator throw passes through
 *
 * Source: Ubaru, Chen & Saad, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature, SIAM J. Matrix Anal. Appl. 38
 * (2017).
 *
 * @example
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 * const { value, standardError } = await traceOfFunction(gaussNewton, 'log', { damping: 1e-2 }); // log det(G + δI)
 */
export async function traceOfFunction(
  operator: LinearOperator | AsyncLinearOperator,
  f: SpectralFunction,
  options: TraceOfFunctionOptions & { readonly signal?: AbortSignal } = {},
): Promise<Estimate> {
  requireAnyOperator(operator, where);
  const plan = readOptions(options, schema, where);
  const of = spectralFunction(f, where);
  return driveAsync(traceSteps(operator, of, plan), plan, where, guardParameters(operator, where));
}

type Plan = Settings<TraceOfFunctionOptions & DriveOptions, typeof schema>;

/** What one probe says of tr f / n. */
interface Quadrature {
  readonly value: number;
  /** How far it may be from zᵀf(A + δI)z / n. */
  readonly error: number;
}

/** Which part of what is asked for, or of the spread, a quadrature may be off. */
const SHARE = 0.1;

function* traceSteps(
  operator: AnyOperator,
  f: (lambda: number) => number,
  plan: Plan,
): SolverSteps<Estimate> {
  const { tol, maxMatvecs } = plan;
  const n = operator.size;
  const report = userFunction(plan.onProgress ?? (() => {}));
  const random = new SeededRandom(plan.seed);
  const sample = new Sample();
  const longest = Math.min(
    n,
    plan.krylovDim,
    Math.max(FEWEST_PRODUCTS, Math.ceil(maxMatvecs / FEWEST_SAMPLES)),
  );
  let [errors, worst, unknown, numMatvecs, taken] = [0, 0, 0, 0, 0];
  for (;;) {
    const most = Math.min(longest, maxMatvecs - numMatvecs);
    const spread = sample.standardError || 0;
    const isEnough = (value: number, error: number): boolean =>
      error <= SHARE * Math.max(tol * Math.abs(value), spread);
    const run = new KrylovFunction(operator, f, plan.damping, most, where);
    let probe: Quadrature | 'outsideDomain' | 'nonFinite';
    try {
      yield* run.start(signs(random, n));
      probe = yield* quadratureOf(run, isEnough);
    } finally {
      run.dispose();
    }
    numMatvecs += run.numMatvecs;
    taken = Math.max(taken, run.numMatvecs);
    if (typeof probe === 'string') return { value: NaN, standardError: NaN, status: probe, numMatvecs };
    const isKnown = probe.error < Infinity;
    // Cut short by the budget.
    const isCut = !isKnown && most < longest && sample.count > 0;
    if (!isCut) {
      sample.add(probe.value);
      if (isKnown) errors += probe.error;
      else unknown++;
      worst = Math.max(worst, isKnown ? probe.error : 0);
    }
    const value = n * sample.mean;
    // A probe that had not settled counts as the worst of those that had.
    const left = unknown < sample.count ? (errors + unknown * worst) / sample.count : Infinity;
    const standardError = n * Math.hypot(sample.standardError, left);
    report({ numMatvecs, value, standardError });
    const isWithin = sample.tellsSpread && standardError <= tol * Math.abs(value);
    if (!isWithin && !isCut && numMatvecs + taken <= maxMatvecs) continue;
    return { value, standardError, status: isWithin ? 'converged' : 'maxIterations', numMatvecs };
  }
}

function* quadratureOf(
  run: KrylovFunction,
  isEnough: (value: number, error: number) => boolean,
): SolverSteps<Quadrature | 'outsideDomain' | 'nonFinite'> {
  const settling = new Settling();
  for (;;) {
    if (!(yield* run.advance(() => {}))) return 'nonFinite';
    const present = run.evaluate();
    if (present == null) return 'outsideDomain';
    const value = present.coefficients[0]!;
    const distance = settling.add(run.size, [value]);
    const error = (run.isExact ? 0 : distance) + present.roundingOfFirst;
    if (run.isOver || isEnough(value, error)) return { value, error };
  }
}
