import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, fill, mul, reshape, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { SMALLEST_FLOAT32 } from '../float32.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, callable, integer, number, readOptions } from '../options.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { requireVector } from '../parameters.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync, driveSchema } from '../tfjs/drive.js';
import { userFunction } from '../tfjs/run-scope.js';
import { KrylovFunction, Settling } from './krylov-function.js';
import { powerOfTwoOf } from './normalized-operator.js';
import { rescaled } from './rescaled.js';
import type { SpectralFunction } from './spectral-function.js';
import { spectralFunction } from './spectral-function.js';
import { innerProducts, release } from './vector-arithmetic.js';

/** Options of {@link functionTimesVector}. */
export interface FunctionOptions {
  /** δ in f(A + δI). Default 0. */
  readonly damping?: number;
  /** The error to reach, relative to ‖f(A + δI)v‖. Default 1e-4. */
  readonly tol?: number;
  /** Products at most, and vectors in memory. Default min(n, 100). */
  readonly krylovDim?: number;
  /** Called after every product; the error is NaN before there is an estimate of it. */
  readonly onProgress?: (progress: { readonly numMatvecs: number; readonly errorEstimate: number }) => void;
}

const schema = {
  damping: byDefault(number(), 0),
  tol: byDefault(number({ above: 0 }), 1e-4),
  krylovDim: byDefault(integer(1), 100),
  onProgress: callable<NonNullable<FunctionOptions['onProgress']>>(),
  ...driveSchema,
} satisfies Schema<FunctionOptions & DriveOptions>;

/** f(A + δI)v with what it cost and how far it may be off. */
export interface FunctionResult {
  /** f(A + δI)v, shape [n]; NaN for `outsideDomain` and `nonFinite`. Disposed with the result. */
  readonly product: Tensor1D;
  /**
   * How far it may be from f(A + δI)v, in Euclidean length: an estimate, no bound. NaN where there is no product; large where
   * an eigenvalue is within rounding, some 2⁻²³‖A + δI‖, of a pole of f: damp.
   */
  readonly errorEstimate: number;
  /**
   * `converged`: the estimate is within the tolerance. `maxIterations`: krylovDim products are spent, or float32 allows no
   * smaller error. `outsideDomain`: f is undefined at a Ritz value, and so somewhere between the smallest and the largest
   * eigenvalue; damp. `nonFinite`: a product had a NaN or an infinity in it.
   */
  readonly status: 'converged' | 'maxIterations' | 'outsideDomain' | 'nonFinite';
  /** Products Av spent. */
  readonly numMatvecs: number;
  /** Releases the product. Calling it twice is harmless. */
  dispose(): void;
}

const where = 'functionTimesVector';

/**
 * A function of a symmetric operator times a vector, by Lanczos:
 *
 *     f(A + δI)v ≈ ‖v‖ V f(T + δI)e₁,   AV = VT + r eᵀ,   Ve₁ = v/‖v‖
 *
 * exact for polynomials of a degree below the number of products, and where f is smooth on the spectrum nearly as good as
 * the best polynomial of that degree: for 'exp' some √‖A‖ to ‖A‖ products, for 'log' and 'inverseSquareRoot' a few times
 * √κ. For gradient flow, exp(-tA)v; for samples with the covariance A⁻¹, A^(-1/2)z.
 *
 * The error is estimated from how the iterates settle over the last two thirds of the products, and from what rounding of
 * the products does to f. A kink or a pole that no Ritz value has come near to does not show in it, and a run that ends far
 * from its tolerance may be off by more than it says.
 *
 * Cost: `numMatvecs` products. Memory: numMatvecs + 4 vectors of length n.
 *
 * @param operator A, symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param f 'exp', 'log', 'inverseSquareRoot', or a function of an eigenvalue of A + δI
 * @param v shape [n]; stays the caller's, who may dispose of it at once
 * @param options see {@link FunctionOptions}; `signal` stops the run between two products
 * @returns the product, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, an f that is neither or gives no number, a vector that does not
 *   fit or is not finite, a product that float32 does not hold, an operator whose asymmetry is above 5 %. What f and the
 *   operator throw passes through. In each case nothing stays on the device
 *
 * Sources: Higham, Functions of Matrices, 2008, §13.2; Musco, Musco & Sidford, Stability of the Lanczos method for matrix
 * function approximation, SODA 2018, for what float32 does to it.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const gradient = hessian.gradient();
 * // The gradient after gradient flow for a time of 0.1 on the quadratic model of the loss.
 * const { product, errorEstimate, dispose } = await functionTimesVector(hessian, (x) => Math.exp(-0.1 * x), gradient);
 */
export async function functionTimesVector(
  operator: LinearOperator | AsyncLinearOperator,
  f: SpectralFunction,
  v: Tensor1D,
  options: FunctionOptions & { readonly signal?: AbortSignal } = {},
): Promise<FunctionResult> {
  requireAnyOperator(operator, where);
  const plan = readOptions(options, schema, where);
  const of = spectralFunction(f, where);
  return driveAsync(functionSteps(operator, of, v, plan), plan, where, guardParameters(operator, where));
}

type Plan = Settings<FunctionOptions & DriveOptions, typeof schema>;

function* functionSteps(
  operator: AnyOperator,
  f: (lambda: number) => number,
  v: Tensor1D,
  plan: Plan,
): SolverSteps<FunctionResult> {
  requireVector(v, operator.size, where);
  // Held, so that the caller may dispose of theirs meanwhile.
  const held = clone(v);
  const scale = (yield* powerOfTwoOf(held)) ?? 1;
  const unit: Tensor1D = mul(held, 1 / scale);
  held.dispose();
  const norm = Math.sqrt((yield innerProducts([unit, unit]))[0]!);
  requireThat(Number.isFinite(norm), where, 'a finite vector', 'one with a NaN or an infinity in it');
  if (norm === 0) {
    unit.dispose();
    return functionResult(zerosLike(v), 0, 'converged', 0);
  }
  const most = Math.min(operator.size, plan.krylovDim);
  const run = new KrylovFunction(operator, f, plan.damping, most, where);
  try {
    yield* run.start(unit);
    return yield* follow(run, scale * norm, plan);
  } finally {
    run.dispose();
  }
}

/** @param length ‖v‖ */
function* follow(
  run: KrylovFunction,
  length: number,
  { tol, onProgress }: Plan,
): SolverSteps<FunctionResult> {
  const report = userFunction(onProgress ?? (() => {}));
  const settling = new Settling();
  let error = NaN;
  for (;;) {
    const isFinite = yield* run.advance(() =>
      report({ numMatvecs: run.numMatvecs, errorEstimate: length * error }),
    );
    const present = isFinite ? run.evaluate() : null;
    if (present == null) {
      const nothing = fill([run.factorization.operator.size], NaN) as Tensor1D;
      return functionResult(nothing, NaN, isFinite ? 'outsideDomain' : 'nonFinite', run.numMatvecs);
    }
    const { coefficients, rounding } = present;
    const distance = settling.add(run.size, coefficients);
    error = Math.hypot(run.isExact ? 0 : distance, rounding);
    const size = Math.hypot(...coefficients);
    const isWithin = error <= tol * size;
    if (!isWithin && !run.isOver && !(distance <= rounding)) continue;
    const product = yield* productOf(run, coefficients, size * length);
    return functionResult(product, length * error, isWithin ? 'converged' : 'maxIterations', run.numMatvecs);
  }
}

/** The vector of some coefficients at the length that it is to have; zeros where float32 holds none that is as short. */
function* productOf(
  { factorization }: KrylovFunction,
  coefficients: Float64Array,
  length: number,
): SolverSteps<Tensor1D> {
  const size = Math.hypot(...coefficients);
  if (size === 0 || length < SMALLEST_FLOAT32) return fill([factorization.operator.size], 0) as Tensor1D;
  const unit = tidy(() => {
    return reshape(factorization.extract([coefficients.map((x) => x / size)]), [-1]) as Tensor1D;
  });
  try {
    return yield* rescaled(unit, length, 'a product f(A)v', where);
  } finally {
    unit.dispose();
  }
}

function functionResult(
  product: Tensor1D,
  errorEstimate: number,
  status: FunctionResult['status'],
  numMatvecs: number,
): FunctionResult {
  return { product, errorEstimate, status, numMatvecs, dispose: () => release(product) };
}
