import type { Tensor1D } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import { number, readOptions, unchecked } from '../options.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { SolveOptions, SolveResult } from './linear-solve.js';
import { initialPair, linearSystem, solveSchema } from './linear-solve.js';
import type { PreconditionedOptions } from './preconditioner.js';
import { requirePreconditioner } from './preconditioner.js';
import { driverStop } from './product-budget.js';
import { ConjugateGradientRun } from './conjugate-gradient-run.js';

/** Options of {@link solve}. */
export interface ConjugateGradientOptions extends SolveOptions, PreconditionedOptions {
  /**
   * Δ of a trust region ‖x‖₂ ≤ Δ: a run whose path leaves it, or that meets a direction without positive curvature, ends on
   * its boundary, with the status `trustRegion`. With it A + δI need not be positive definite, and there is no `initial`.
   * Default: none.
   */
  readonly trustRadius?: number;
}

function schemaFor(n: number) {
  const preconditioner = unchecked<AnyOperator>();
  const trustRadius = number({ above: 0 });
  return { ...solveSchema(n), preconditioner, trustRadius } satisfies Schema<
    ConjugateGradientOptions & DriveOptions
  >;
}

/**
 * Solves (A + δI)x = b for a positive definite A + δI by conjugate gradient.
 *
 * With a `trustRadius` Δ it is the step of a trust-region method instead: x goes down on ½xᵀ(A + δI)x - bᵀx along the path of
 * conjugate gradient as far as ‖x‖ ≤ Δ allows, for A of either sign. Where A + δI is positive definite that is at least half
 * as far down as one gets in the ball (Yuan 2000). ‖x‖ is Euclidean with a preconditioner, too, where Steihaug takes that
 * one's norm: Δ means the same whatever the preconditioner.
 *
 * For Newton and natural-gradient steps, influence functions, anything with an inverse Hessian in it. The error
 * falls by about 1 - 2/√κ an iteration, κ the condition number of the (preconditioned) system.
 *
 * Cost: one product an iteration and one of the preconditioner, one more to confirm the residual at the end, and one
 * whenever ‖x‖ has doubled and is long enough for rounding to tell. Memory: 6 vectors of length n, 7 with a
 * preconditioner, and up to 2 more for the best iterates where residuals grow. b, x and the products may be of any size
 * that float32 holds.
 *
 * @param operator A, symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param b right-hand side, shape [n]; stays the caller's, who may dispose of it at once
 * @param options see {@link ConjugateGradientOptions}; `signal` stops the run between two products, see `onAbort`
 * @returns the solution, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, a right-hand side that does not fit or is not finite, an
 *   x that float32 does not hold, an operator whose asymmetry is above 5 %, a preconditioner that is not positive definite.
 *   What the operators throw passes through. In each case nothing stays on the device
 *
 * Sources: Hestenes & Stiefel 1952; the exit at negative curvature as in Nocedal & Wright 2006, §7.1; the trust region:
 * Steihaug, The conjugate gradient method and trust regions in large scale optimization, SIAM J. Numer. Anal. 20 (1983).
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 * const gradient = hessian.gradient();
 * // The Newton step of a damped Gauss-Newton method is -x.
 * const { x, status, dispose } = await solve(gaussNewton, gradient, { damping: 1e-2 });
 */
export async function solve(
  operator: LinearOperator | AsyncLinearOperator,
  b: Tensor1D,
  options: ConjugateGradientOptions & { readonly signal?: AbortSignal } = {},
): Promise<SolveResult> {
  requireAnyOperator(operator, 'solve');
  const plan = readOptions(options, schemaFor(operator.size), 'solve');
  return driveAsync(
    conjugateGradientSteps(operator, b, plan),
    driverStop(plan),
    'solve',
    guardParameters(operator, 'solve'),
  );
}

/** {@link solve} as steps, for a driver. */
export function solveSteps(
  operator: AnyOperator,
  b: Tensor1D,
  options: ConjugateGradientOptions,
  where: string,
): SolverSteps<SolveResult> {
  return conjugateGradientSteps(operator, b, readOptions(options, schemaFor(operator.size), where));
}

function* conjugateGradientSteps(
  operator: AnyOperator,
  b: Tensor1D,
  plan: Settings<ConjugateGradientOptions & DriveOptions, ReturnType<typeof schemaFor>>,
): SolverSteps<SolveResult> {
  const { preconditioner, trustRadius, initial } = plan;
  if (preconditioner != null) requirePreconditioner(preconditioner, operator, 'solve');
  requireThat(
    trustRadius == null || initial == null,
    'solve',
    'no initial with a trustRadius: the path starts at 0',
    'both',
  );
  const system = yield* linearSystem(operator, b, plan, 'solve');
  try {
    const run = new ConjugateGradientRun(
      system,
      preconditioner ?? null,
      trustRadius ?? Infinity,
      yield* initialPair(system),
    );
    try {
      return yield* run.result(yield* run.iterate());
    } finally {
      run.dispose();
    }
  } finally {
    system.dispose();
  }
}
