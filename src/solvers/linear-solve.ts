import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, mul } from '@tensorflow/tfjs-core';
import type { OptionNames } from '../errors.js';
import { CurvatureArgumentError, requireArgument } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { requireOperator } from '../operators/linear-operator.js';
import { requireVector } from '../parameters.js';
import type { SolverSteps } from './drive.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/**
 * How a linear solve ended.
 *
 * - `converged`: the residual is within the tolerance.
 * - `maxIterations`: the allowed work is spent. Allow more, precondition, or damp more.
 * - `negativeCurvature`: conjugate gradient met a direction p with pᵀ(A + δI)p ≤ 0, so that the system is not
 *   positive definite; `x` is the last iterate before. Damp by more than -λ_min, take the Gauss-Newton operator,
 *   or solve by `minres`.
 * - `stagnated`: float32 products allow no smaller residual; κ(A + δI) is too large for the tolerance.
 * - `nonFinite`: a product had a NaN or an infinity in it; `x` is the last iterate before.
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

/** A linear system (A + δI)x = b with its options checked and filled in. */
export interface LinearSystem {
  readonly operator: LinearOperator;
  readonly b: Tensor1D;
  readonly damping: number;
  readonly tol: number;
  readonly maxIterations: number;
  readonly initial: Tensor1D | null;
  readonly onProgress: (progress: SolveProgress) => void;
}

/** Checks a system. @throws CurvatureArgumentError that names `where` */
export function linearSystem(
  operator: LinearOperator,
  b: Tensor1D,
  options: SolveOptions,
  where: string,
): LinearSystem {
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
  const onProgress = options.onProgress ?? (() => {});
  return { operator, b, damping, tol, maxIterations, initial, onProgress };
}

/** (A + δI)v as a new vector. */
export function applySystem({ operator, damping }: LinearSystem, v: Tensor1D): Tensor1D {
  const product = operator.matvec(v);
  try {
    requireVector(product, operator.size, 'LinearOperator.matvec');
    return damping === 0 ? clone(product) : plusMultiple(product, v, damping);
  } finally {
    product.dispose();
  }
}

/** b - (A + δI)x as a new vector: one product. */
export function residualOf(system: LinearSystem, x: Tensor1D): Tensor1D {
  const image = applySystem(system, x);
  const residual = plusMultiple(system.b, image, -1);
  image.dispose();
  return residual;
}

/** The start x_0 and b - (A + δI)x_0, both new; no product without an `initial`. */
export function initialPair(system: LinearSystem): { x: Tensor1D; residual: Tensor1D; numMatvecs: number } {
  const { b, initial } = system;
  if (initial == null) return { x: mul(b, 0), residual: clone(b), numMatvecs: 0 };
  return { x: clone(initial), residual: residualOf(system, initial), numMatvecs: 1 };
}

/** ‖b‖₂, read. @throws CurvatureArgumentError for a right-hand side that is not finite */
export function* normOf(b: Tensor1D, where: string): SolverSteps<number> {
  const norm = Math.sqrt((yield innerProducts([b, b]))[0]!);
  if (!Number.isFinite(norm))
    throw new CurvatureArgumentError(where, 'a finite right-hand side', `‖b‖ = ${norm}`);
  return norm;
}

/** A result that owns x. */
export function solveResult(record: Omit<SolveResult, 'dispose'>): SolveResult {
  return { ...record, dispose: () => release(record.x) };
}
