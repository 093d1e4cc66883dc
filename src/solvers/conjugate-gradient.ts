import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { productOf, requireOperator } from '../operators/linear-operator.js';
import type { SolverSteps } from './drive.js';
import { driveAsync, driveOptionNames } from './drive.js';
import { BestIterate } from './best-iterate.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import type { LinearSystem, SolveOptions, SolveResult, SolveStatus } from './linear-solve.js';
import { applySystem, initialPair, linearSystem, residualOf, solveOptionNames } from './linear-solve.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** Options of {@link solve}. */
export interface ConjugateGradientOptions extends SolveOptions {
  /** A positive definite operator close to (A + δI)⁻¹; stays the caller's. Default: none. */
  readonly preconditioner?: LinearOperator;
}

const conjugateGradientOptionNames: OptionNames<ConjugateGradientOptions> = {
  ...solveOptionNames,
  preconditioner: 'value',
};

/**
 * Solves (A + δI)x = b for a positive definite A + δI by conjugate gradient.
 *
 * For Newton and natural-gradient steps, influence functions, anything with an inverse Hessian in it. The error
 * falls by about 1 - 2/√κ an iteration, κ the condition number of the (preconditioned) system.
 *
 * Cost: one product an iteration and one of the preconditioner, one more to confirm the residual at the end, and one
 * whenever ‖x‖ has doubled and is long enough for rounding to tell. Memory: 5 vectors of length n, 6 with a
 * preconditioner, and up to 2 more for the best iterates where residuals grow. b may be of any size that float32 holds;
 * ‖A + δI‖ from 1e-30 to 1e30, and x within the range of float32.
 *
 * @param operator A, symmetric; stays the caller's
 * @param b right-hand side, shape [n]; stays the caller's
 * @param options see {@link ConjugateGradientOptions}; `signal` stops the run between two products
 * @returns the solution, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range or a right-hand side that does not fit or is not finite.
 *   What the operators throw passes through. In each case nothing stays on the device
 *
 * Sources: Hestenes & Stiefel 1952; the exit at negative curvature as in Nocedal & Wright 2006, §7.1.
 *
 * @example
 * const { x, status, dispose } = await solve(gaussNewton, gradient, { damping: 1e-2 });
 */
export async function solve(
  operator: LinearOperator,
  b: Tensor1D,
  options: ConjugateGradientOptions & { readonly signal?: AbortSignal } = {},
): Promise<SolveResult> {
  requireOperator(operator, 'solve');
  requireOptions(options, { ...conjugateGradientOptionNames, ...driveOptionNames }, 'solve');
  return driveAsync(conjugateGradientSteps(operator, b, options), options, 'solve');
}

/** {@link solve} as steps, for a driver. */
export function* conjugateGradientSteps(
  operator: LinearOperator,
  b: Tensor1D,
  options: ConjugateGradientOptions = {},
): SolverSteps<SolveResult> {
  const { preconditioner } = options;
  if (preconditioner != null) requireOperator(preconditioner, 'solve: preconditioner');
  requireArgument(
    preconditioner == null || preconditioner.size === operator.size,
    'solve',
    `a preconditioner of size ${operator.size}`,
    preconditioner?.size,
  );
  const system = yield* linearSystem(operator, b, options, 'solve');
  const run = new ConjugateGradient(system, preconditioner ?? null);
  try {
    return yield* run.result(yield* run.iterate());
  } finally {
    run.dispose();
  }
}

/** The vectors of one run. */
class ConjugateGradient {
  private x: Tensor1D;
  private residual: Tensor1D;
  private direction: Tensor1D | null = null;
  private residualNorm = NaN;
  /** ‖x‖ */
  private length = 0;
  /** The iterate of the smallest residual since one was measured: from step to step residuals may grow. */
  private lowest: { readonly x: Tensor1D; readonly residualNorm: number } | null = null;
  private best: BestIterate | null = null;
  private numMatvecs: number;
  private numIterations = 0;

  constructor(
    private readonly system: LinearSystem,
    private readonly preconditioner: LinearOperator | null,
  ) {
    const { x, residual, numMatvecs } = initialPair(system);
    this.x = x;
    this.residual = residual;
    this.numMatvecs = numMatvecs;
  }

  *iterate(): SolverSteps<SolveStatus> {
    const { goal, maxIterations } = this.system;
    let confirmed = Infinity;
    let norm = 0;
    let slope = yield* this.turn(null);
    let least = slope;
    const best = new BestIterate(this.system, this.residualNorm);
    this.best = best;
    for (;;) {
      if (this.residualNorm <= goal) {
        if (this.numIterations === 0) return 'converged';
        // The recurrence drifts away from the residual of x; what counts is the latter.
        this.replaceResidual();
        slope = yield* this.turn(null);
        least = slope;
        best.offer(this.x, this.residualNorm);
        if (this.residualNorm <= goal) return 'converged';
        if (this.residualNorm > confirmed / 2) return 'stagnated';
        confirmed = this.residualNorm;
      }
      if (!Number.isFinite(this.residualNorm) || !Number.isFinite(slope)) return 'nonFinite';
      if (this.numIterations >= maxIterations) return 'maxIterations';
      if (this.lowest != null && best.isDue(this.length, norm, this.lowest.residualNorm)) {
        const claimed = this.lowest.residualNorm;
        const measured = yield* this.measureLowest(best);
        if (!(measured <= 2 * claimed)) return 'stagnated';
      }
      const image = applySystem(this.system, this.direction!);
      this.numMatvecs++;
      this.numIterations++;
      try {
        const products = yield innerProducts([this.direction!, image], [this.direction!, this.direction!]);
        const curvature = products[0]!;
        if (!Number.isFinite(curvature)) return 'nonFinite';
        const quotient = curvature / products[1]!;
        if (quotient <= 0) return quotient < -FLOAT32_EPSILON * norm ? 'negativeCurvature' : 'stagnated';
        norm = Math.max(norm, quotient);
        this.advance(image, slope / curvature);
      } finally {
        image.dispose();
      }
      slope = yield* this.turn(slope);
      const { numMatvecs, residualNorm } = this;
      this.system.onProgress({ numMatvecs, residualNorm });
      // All products were finite, so the step was too long. The error falls in the norm of A, so rᵀz grows over an
      // earlier one by the condition number at most: this one is too large for float32.
      if (!Number.isFinite(residualNorm) || slope > least / FLOAT32_EPSILON) return 'stagnated';
      least = Math.min(least, slope);
    }
  }

  /** The best iterate, as the result. */
  *result(status: SolveStatus): SolverSteps<SolveResult> {
    const best = this.best!;
    // Up to there the quadratic ½xᵀ(A + δI)x - bᵀx has fallen from step to step, whatever the residuals did.
    if (status === 'negativeCurvature') best.take(this.x, this.residualNorm);
    // The residual of one that has converged has just been measured.
    else if (status !== 'converged' && this.lowest != null) yield* this.measureLowest(best);
    return best.result(status, this.numIterations, this.numMatvecs);
  }

  dispose(): void {
    release(this.x, this.residual, this.direction, this.lowest?.x);
    this.best?.dispose();
  }

  /** The step along the direction. */
  private advance(image: Tensor1D, length: number): void {
    const { x, residual } = this;
    this.x = plusMultiple(x, this.direction!, length);
    this.residual = plusMultiple(residual, image, -length);
    release(x, residual);
  }

  private replaceResidual(): void {
    const fresh = residualOf(this.system, this.x);
    this.numMatvecs++;
    this.residual.dispose();
    this.residual = fresh;
    this.forgetLowest();
  }

  private *measureLowest(best: BestIterate): SolverSteps<number> {
    const measured = yield* best.measure(this.lowest!.x, this.length);
    this.forgetLowest();
    return measured;
  }

  private forgetLowest(): void {
    this.lowest?.x.dispose();
    this.lowest = null;
  }

  /**
   * The next direction: the preconditioned residual z, conjugated unless the run starts afresh.
   *
   * @param before the slope rᵀz of the last direction, or null for a fresh start
   * @returns the slope rᵀz
   */
  private *turn(before: number | null): SolverSteps<number> {
    const { x, residual } = this;
    const z = this.preconditioner == null ? clone(residual) : productOf(this.preconditioner, residual);
    try {
      const products = yield innerProducts([residual, z], [residual, residual], [x, x]);
      const slope = products[0]!;
      this.residualNorm = Math.sqrt(products[1]!);
      this.length = Math.sqrt(products[2]!);
      if (this.residualNorm < (this.lowest?.residualNorm ?? Infinity)) {
        this.forgetLowest();
        this.lowest = { x: clone(x), residualNorm: this.residualNorm };
      }
      const old = this.direction;
      this.direction = before == null || old == null ? clone(z) : plusMultiple(z, old, slope / before);
      old?.dispose();
      return slope;
    } finally {
      z.dispose();
    }
  }
}
