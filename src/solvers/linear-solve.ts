import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, mul, sub, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { AnyOperator } from '../operators/async-operator.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, callable, integer, number, unchecked } from '../options.js';
import { requireVector } from '../parameters.js';
import { userFunction } from '../tfjs/run-scope.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveSchema } from '../tfjs/drive.js';
import { NormalizedOperator, powerOfTwoOf } from './normalized-operator.js';
import { rescaled } from './rescaled.js';
import { abortChoice, mostProducts, ProductBudget } from './product-budget.js';
import { innerProducts, release } from './vector-arithmetic.js';

/**
 * How a linear solve ended.
 *
 * - `converged`: the residual is within the tolerance.
 * - `maxIterations`: the allowed work is spent. Allow more, precondition, or damp more. `x` of `solve` is the last
 *   iterate, of which every one lowers the quadratic ½xᵀ(A + δI)x - bᵀx, whatever its residual does.
 * - `maxMatvecs`: the products allowed are spent. As `maxIterations`.
 * - `aborted`: the `signal` was, and `onAbort` is 'return'. As `maxIterations`.
 * - `negativeCurvature`: conjugate gradient met a direction p with pᵀ(A + δI)p < 0, so that the system is not
 *   positive definite; `x` is the last iterate before, the quadratic ½xᵀ(A + δI)x - bᵀx the smallest so far. Damp by
 *   more than -λ_min, take the Gauss-Newton operator, or solve by `minres`.
 * - `trustRegion`: the path of conjugate gradient left the ball of `trustRadius`, or met a direction without positive
 *   curvature; `x` lies on its boundary.
 * - `stagnated`: float32 products allow no smaller residual. κ(A + δI) is too large for the tolerance, or A + δI is
 *   singular and b not in its range. Damp, or take x for what it is.
 * - `nonFinite`: a product had a NaN or an infinity in it.
 *
 * But for `negativeCurvature`, `trustRegion`, and `maxIterations`, `maxMatvecs` and `aborted` of `solve`, `x` is the
 * iterate of the smallest residual measured, so that it is finite, and the residual never above that of the start.
 */
export type SolveStatus =
  | 'converged'
  | 'maxIterations'
  | 'maxMatvecs'
  | 'aborted'
  | 'negativeCurvature'
  | 'trustRegion'
  | 'stagnated'
  | 'nonFinite';

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
  /**
   * Products at most, default as many as it takes: when they are spent the run ends with the status `maxMatvecs`. One of
   * them is kept to measure the residual at the end, one is spent on `initial` (two where its product is zero), and, where
   * an operator looks as if it were zero or not symmetric, two on its `magnitude`. Those of a preconditioner do not count.
   */
  readonly maxMatvecs?: number;
  /**
   * What a run does when its `signal` is aborted: reject with the signal's reason, the default, or return what it has, with
   * the status `aborted`, after one more product for its residual.
   */
  readonly onAbort?: 'reject' | 'return';
  /** Where to start, shape [n]; stays the caller's. Default 0. */
  readonly initial?: Tensor1D;
  /** Called after every iteration. */
  readonly onProgress?: (progress: SolveProgress) => void;
}

/** The product that measures the residual of the iterate returned. */
const MEASUREMENT = 1;

/** The schema of {@link SolveOptions} for an operator of R^n. */
export function solveSchema(n: number) {
  return {
    damping: byDefault(number(), 0),
    tol: byDefault(number({ above: 0 }), 1e-4),
    maxIterations: byDefault(integer(1), Math.min(4 * n, 1000) + 10),
    maxMatvecs: mostProducts,
    onAbort: abortChoice,
    initial: unchecked<Tensor1D>(),
    onProgress: callable<(progress: SolveProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<SolveOptions & DriveOptions>;
}

/**
 * A linear system (A + δI)x = b with its options checked and filled in. It is solved as ((A + δI)/s)y = b/t, so that no
 * square of a number leaves the range of float32: x = (t/s)y.
 */
export interface LinearSystem {
  /** (A + δI)/s, which counts its products. */
  readonly products: NormalizedOperator;
  /** b/t. */
  readonly right: Tensor1D;
  /** t, a power of two close to max |b_i|: scaling by it does not round. */
  readonly scale: number;
  /** The residual ‖b - (A + δI)x‖ / t to reach. */
  readonly goal: number;
  readonly maxIterations: number;
  readonly initial: Tensor1D | null;
  /** Who solves it, for errors. */
  readonly where: string;
  /** Is told of residuals divided by t. */
  readonly onProgress: (residualNorm: number) => void;
  /** Releases what is held of the caller's. */
  dispose(): void;
}

/** Checks a system and finds its scale; the caller disposes it. @throws CurvatureArgumentError that names `where` */
export function* linearSystem(
  operator: AnyOperator,
  b: Tensor1D,
  plan: Settings<SolveOptions & DriveOptions, ReturnType<typeof solveSchema>>,
  where: string,
): SolverSteps<LinearSystem> {
  const n = operator.size;
  const { damping, tol, maxIterations, initial } = plan;
  requireVector(b, n, where);
  if (initial != null) requireVector(initial, n, where);
  // Held, so that the caller may dispose of theirs while the system is solved.
  const held = [clone(b), ...(initial == null ? [] : [clone(initial)])];
  const dispose = (): void => release(...held);
  let isDone = false;
  try {
    const scale = (yield* powerOfTwoOf(held[0]!)) ?? 1;
    const right: Tensor1D = mul(held[0]!, 1 / scale);
    held.push(right);
    const norm = Math.sqrt((yield innerProducts([right, right]))[0]!);
    requireThat(
      Number.isFinite(norm),
      where,
      'a finite right-hand side',
      'one with a NaN or an infinity in it',
    );
    if (initial != null) {
      // 0 · x is 0 for what is finite.
      const [rest] = yield tidy(() => innerProducts([held[1]!, zerosLike(held[1]!)]));
      requireThat(rest === 0, where, 'a finite initial', 'one with a NaN or an infinity in it');
    }
    const products = new NormalizedOperator(operator, damping, new ProductBudget(plan, MEASUREMENT));
    const report = userFunction(plan.onProgress ?? (() => {}));
    const onProgress = (residualNorm: number): void =>
      report({ numMatvecs: products.numMatvecs, residualNorm: scale * residualNorm });
    // x = 0 solves a system with b = 0 to any tolerance, wherever one starts.
    const start = norm === 0 || initial == null ? null : held[1]!;
    isDone = true;
    return {
      products,
      right,
      scale,
      goal: tol * norm,
      maxIterations,
      initial: start,
      where,
      onProgress,
      dispose,
    };
  } finally {
    if (!isDone) dispose();
  }
}

/** b/t - (A + δI)y/s as a new vector: one product. */
export function* residualOf({ products, right }: LinearSystem, y: Tensor1D): SolverSteps<Tensor1D> {
  const image = yield* products.multiply(y);
  try {
    return sub(right, image);
  } finally {
    image.dispose();
  }
}

/** The start y_0 and b/t - (A + δI)y_0/s, both new; no product without an `initial`. */
export function* initialPair(system: LinearSystem): SolverSteps<{ y: Tensor1D; residual: Tensor1D }> {
  const { products, right, initial, scale } = system;
  if (initial == null) return { y: zerosLike(right), residual: clone(right) };
  const length = (yield* powerOfTwoOf(initial)) ?? 1;
  const unit: Tensor1D = mul(initial, 1 / length);
  try {
    const image = yield* products.multiply(unit);
    // The first product has told s, unless it is zero: y is of that s which the next one tells.
    if (!products.isMeasured && products.budget.allows()) release(yield* products.multiply(right));
    const size = length * (products.scale / scale);
    try {
      return tidy(() => ({
        y: mul(unit, size) as Tensor1D,
        residual: sub(right, mul(image, size)) as Tensor1D,
      }));
    } finally {
      image.dispose();
    }
  } finally {
    unit.dispose();
  }
}

/** The x of a y as a new vector. @throws CurvatureArgumentError where float32 does not hold it */
export function solutionOf({ products, scale, where }: LinearSystem, y: Tensor1D): SolverSteps<Tensor1D> {
  return rescaled(y, scale / products.scale, 'a solution', where);
}
