import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { Schema, Settings } from '../options.js';
import { integer, readOptions, unchecked } from '../options.js';
import { requireThat } from '../errors.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { rowsThatFit } from './basis-memory.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { SolveOptions, SolveResult } from './linear-solve.js';
import { initialPair, linearSystem, solveSchema } from './linear-solve.js';
import { MinresSearch } from './minres-search.js';
import { driverStop } from './product-budget.js';
import type { PreconditionedOptions } from './preconditioner.js';
import { requirePreconditioner } from './preconditioner.js';
import { NormalizedOperator } from './normalized-operator.js';
import { innerProducts, release } from './vector-arithmetic.js';

/** Options of {@link minres}. */
export interface MinresOptions extends SolveOptions, PreconditionedOptions {
  /**
   * Vectors of the basis to keep at most, 2 at least: krylovDim + 9 vectors of length n in memory. Default as many as
   * there are iterations, within 192 MiB. With fewer than the iterations that it takes, those beyond cost accuracy
   * (κ² 2⁻²⁴ in place of κ 2⁻²⁴) that starting again has to win back: eigenvalues of both signs, κ = 1e4, take 176
   * products to a residual of 1e-2 with all of the basis, 558 with 80 vectors and 3011 with 40. With a preconditioner no
   * basis is kept, and there is no krylovDim.
   */
  readonly krylovDim?: number;
}

function schemaFor(n: number) {
  const preconditioner = unchecked<AnyOperator>();
  return { ...solveSchema(n), krylovDim: integer(2), preconditioner } satisfies Schema<
    MinresOptions & DriveOptions
  >;
}

/**
 * Solves (A + δI)x = b for a symmetric, possibly indefinite A + δI by MINRES: of all x in the Krylov space the one
 * with the smallest residual, as far as float32 keeps it: returned is the best iterate of those measured. For the
 * Hessian of a network in training, which has negative eigenvalues. Where A + δI is singular and b not in its range,
 * that is a least-squares solution, the status 'stagnated'.
 *
 * The basis is kept and every new vector orthogonalised against it. Where the residual, as it is measured, is twice what
 * the recurrence says, and wherever that says it is within the tolerance and it is not, the run starts again from it, as
 * long as that lessens it by a quarter.
 *
 * With a preconditioner M what is least is √(rᵀMr), which no longer falls with ‖r‖ from step to step; the residual that
 * counts and is returned is ‖b - (A + δI)x‖₂ all the same. The recurrence is the short one then, without a basis.
 *
 * Cost: one product an iteration, with a preconditioner one of it, one at the end of a run for the residual, and one
 * whenever ‖x‖ has doubled and is long enough for rounding to tell. Memory: krylovDim + 9 vectors of length n, 15 with a
 * preconditioner. b, x and the products may be of any size that float32 holds.
 *
 * @param operator A, symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param b right-hand side, shape [n]; stays the caller's, who may dispose of it at once
 * @param options see {@link MinresOptions}; `signal` stops the run between two products, see `onAbort`
 * @returns the solution, owned by the caller: `result.dispose()`. It is never 'negativeCurvature'
 * @throws CurvatureArgumentError for options out of range, a right-hand side that does not fit or is not finite, an
 *   x that float32 does not hold, an operator whose asymmetry is above 5 %, a preconditioner that is not positive definite.
 *   What the operators throw passes through. In each case nothing stays on the device
 *
 * Sources: Paige & Saunders, Solution of sparse indefinite systems of linear equations, SIAM J. Numer. Anal. 12
 * (1975), §6; the stop at a least-squares solution: Choi, Paige & Saunders, MINRES-QLP, SIAM J. Sci. Comput. 33 (2011);
 * §5 there for the preconditioner; what the recurrence loses: Sleijpen, van der Vorst & Modersitzki, SIAM J. Matrix Anal.
 * Appl. 22 (2000).
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const gradient = hessian.gradient();
 * // Hx = gradient, though H may have eigenvalues of both signs.
 * const { x, status, dispose } = await minres(hessian, gradient, { tol: 1e-3 });
 */
export async function minres(
  operator: LinearOperator | AsyncLinearOperator,
  b: Tensor1D,
  options: MinresOptions & { readonly signal?: AbortSignal } = {},
): Promise<SolveResult> {
  requireAnyOperator(operator, 'minres');
  const where = 'minres';
  const plan = readOptions(options, schemaFor(operator.size), where);
  const steps = follow(operator, b, plan, where);
  return driveAsync(steps, driverStop(plan), where, guardParameters(operator, where));
}

/** {@link minres} as steps, for a driver. Options are checked when the first step is taken. */
export function* minresSteps(
  operator: AnyOperator,
  b: Tensor1D,
  options: MinresOptions & DriveOptions,
  where: string,
): SolverSteps<SolveResult> {
  return yield* follow(operator, b, readOptions(options, schemaFor(operator.size), where), where);
}

function* follow(
  operator: AnyOperator,
  b: Tensor1D,
  plan: Settings<MinresOptions & DriveOptions, ReturnType<typeof schemaFor>>,
  where: string,
): SolverSteps<SolveResult> {
  const { preconditioner } = plan;
  if (preconditioner != null) requirePreconditioner(preconditioner, operator, where);
  const isOne = plan.krylovDim == null || preconditioner == null;
  requireThat(isOne, where, 'no krylovDim with a preconditioner: no basis is kept', 'both');
  const system = yield* linearSystem(operator, b, plan, where);
  try {
    const { maxIterations } = system;
    const { krylovDim = Math.max(2, Math.min(maxIterations + 1, rowsThatFit(operator.size))) } = plan;
    const { y, residual } = yield* initialPair(system);
    const squares = innerProducts([residual, residual], [y, y]);
    let run: MinresSearch | null = null;
    try {
      const [residualNorm, length] = Array.from(yield squares, Math.sqrt) as [number, number];
      // Scaled as well, as MINRES does not see by what its preconditioner is multiplied.
      const scaled = preconditioner == null ? null : new NormalizedOperator(preconditioner);
      const start = { residual, residualNorm };
      run = new MinresSearch(system, scaled, krylovDim, y, length, start, where);
    } finally {
      if (run == null) release(y, residual);
    }
    try {
      return yield* run.result(yield* run.iterate());
    } finally {
      run.dispose();
    }
  } finally {
    system.dispose();
  }
}
