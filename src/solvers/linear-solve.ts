import type { Tensor1D } from '@tensorflow/tfjs-core';
import { abs, max, mul, reshape, sub, tidy } from '@tensorflow/tfjs-core';
import type { OptionNames } from '../errors.js';
import { CurvatureArgumentError, requireArgument } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { productOf, requireOperator } from '../operators/linear-operator.js';
import { requireVector } from '../parameters.js';
import type { SolverSteps } from './drive.js';
import { innerProducts, plusMultiple } from './vector-arithmetic.js';

/**
 * How a linear solve ended.
 *
 * - `converged`: the residual is within the tolerance.
 * - `maxIterations`: the allowed work is spent. Allow more, precondition, or damp more.
 * - `negativeCurvature`: conjugate gradient met a direction p with pᵀ(A + δI)p < 0, so that the system is not
 *   positive definite; `x` is the last iterate before, the quadratic ½xᵀ(A + δI)x - bᵀx the smallest so far. Damp by
 *   more than -λ_min, take the Gauss-Newton operator, or solve by `minres`.
 * - `stagnated`: float32 products allow no smaller residual. κ(A + δI) is too large for the tolerance, or A + δI is
 *   singular and b not in its range. Damp, or take x for what it is.
 * - `nonFinite`: a product had a NaN or an infinity in it.
 *
 * But for `negativeCurvature`, `x` is the iterate of the smallest residual measured, so that it is finite, and the
 * residual never above that of the start.
 */
export type SolveStatus = 'converged' | 'maxIterations' | 'negativeCurvature' | 'stagnated' | 'nonFinite';

/** The solution of a linear system with what it cost and how good it is. */
export interface SolveResult {
  /** x, shape [n]. Disposed with the result. */
  readonly x: Tensor1D;
  /** ‖b - (A + δI)x‖₂ of this x. */
  readonly residualNorm: number;
  readonly status: SolveStatus;
  readonly numIterations: number;
  /** Products Av spent. */
  readonly numMatvecs: number;
  /** Releases x. Calling it twice is harmless. */
  dispose(): void;
}

/** What a linear solver tells while it runs. */
export interface SolveProgress {
  readonly numMatvecs: number;
  /** The present ‖b - (A + δI)x‖₂ as the recurrence has it. */
  readonly residualNorm: number;
}

/** Options of `solve` and `minres`. */
export interface SolveOptions {
  /** δ in (A + δI)x = b. Default 0. More makes the system better conditioned and x shorter. */
  readonly damping?: number;
  /** The residual to reach, relative to ‖b‖. Default 1e-4; float32 allows some 1e-7 times the condition number. */
  readonly tol?: number;
  /** Default min(4n, 1000) + 10: n would do without rounding. */
  readonly maxIterations?: number;
  /** Where to start, shape [n]; stays the caller's. Default 0. */
  readonly initial?: Tensor1D;
  /** Called after every iteration. */
  readonly onProgress?: (progress: SolveProgress) => void;
}

export const solveOptionNames: OptionNames<SolveOptions> = {
  damping: 'value',
  tol: 'value',
  maxIterations: 'value',
  initial: 'value',
  onProgress: 'function',
};

/**
 * A linear system (A + δI)x = b with its options checked and filled in. It is solved as that for b/s, x/s, so that no
 * square of a number leaves the range of float32.
 */
export interface LinearSystem {
  readonly operator: LinearOperator;
  readonly b: Tensor1D;
  /** s, a power of two close to max |b_i|: scaling by it does not round. */
  readonly scale: number;
  readonly damping: number;
  /** The residual ‖b - (A + δI)x‖ / s to reach. */
  readonly goal: number;
  readonly maxIterations: number;
  readonly initial: Tensor1D | null;
  /** Is told of residuals divided by s. */
  readonly onProgress: (progress: SolveProgress) => void;
}

/** Checks a system and finds its scale. @throws CurvatureArgumentError that names `where` */
export function* linearSystem(
  operator: LinearOperator,
  b: Tensor1D,
  options: SolveOptions,
  where: string,
): SolverSteps<LinearSystem> {
  requireOperator(operator, where);
  const n = operator.size;
  const { damping = 0, tol = 1e-4, maxIterations = Math.min(4 * n, 1000) + 10, initial = null } = options;
  requireVector(b, n, where);
  if (initial != null) requireVector(initial, n, where);
  requireArgument(Number.isFinite(damping), where, 'a finite damping', damping);
  requireArgument(Number.isFinite(tol) && tol > 0, where, 'tol > 0', tol);
  requireArgument(
    Number.isSafeInteger(maxIterations) && maxIterations >= 1,
    where,
    'an integer maxIterations >= 1',
    maxIterations,
  );
  const largest = (yield tidy(() => reshape(max(abs(b)), [1])))[0]!;
  // Within the normal numbers of float32, as is the reciprocal.
  const exponent = Math.min(126, Math.max(-126, Math.floor(Math.log2(largest))));
  const scale = largest > 0 ? 2 ** exponent : 1;
  const scaled = tidy(() => {
    const unit = mul(b, 1 / scale) as Tensor1D;
    return innerProducts([unit, unit]);
  });
  const norm = Math.sqrt((yield scaled)[0]!);
  if (!Number.isFinite(norm)) {
    throw new CurvatureArgumentError(where, 'a finite right-hand side', `max |b| = ${largest}`);
  }
  const onProgress = ({ numMatvecs, residualNorm }: SolveProgress): void =>
    options.onProgress?.({ numMatvecs, residualNorm: scale * residualNorm });
  return { operator, b, scale, damping, goal: tol * norm, maxIterations, initial, onProgress };
}

/** (A + δI)v as a new vector. */
export function applySystem({ operator, damping }: LinearSystem, v: Tensor1D): Tensor1D {
  const product = productOf(operator, v);
  if (damping === 0) return product;
  const sum = plusMultiple(product, v, damping);
  product.dispose();
  return sum;
}

/** b/s - (A + δI)x as a new vector: one product. */
export function residualOf(system: LinearSystem, x: Tensor1D): Tensor1D {
  const image = applySystem(system, x);
  try {
    return tidy((): Tensor1D => sub(mul(system.b, 1 / system.scale), image));
  } finally {
    image.dispose();
  }
}

/** The start x_0/s and b/s - (A + δI)x_0/s, both new; no product without an `initial`. */
export function initialPair(system: LinearSystem): { x: Tensor1D; residual: Tensor1D; numMatvecs: number } {
  const { b, initial, scale } = system;
  if (initial == null) return { x: startOf(system), residual: mul(b, 1 / scale), numMatvecs: 0 };
  const x = startOf(system);
  return { x, residual: residualOf(system, x), numMatvecs: 1 };
}

/** x_0/s as a new vector. */
export function startOf({ b, initial, scale }: LinearSystem): Tensor1D {
  return initial == null ? mul(b, 0) : mul(initial, 1 / scale);
}
