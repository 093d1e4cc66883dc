import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { LobpcgOptions, LobpcgPlan } from './lobpcg-options.js';
import { planLobpcg } from './lobpcg-options.js';
import { LobpcgRun } from './lobpcg-run.js';
import { NormalizedOperator } from './normalized-operator.js';
import { driverStop, ProductBudget } from './product-budget.js';
import type { EigenResult } from './result.js';

/**
 * The largest or smallest eigenpairs of A x = λ B x, by locally optimal block preconditioned conjugate gradient: each
 * iteration solves the problem in the span of the present vectors, of their residuals, preconditioned, and of the steps
 * before.
 *
 * For generalised problems, such as the Hessian relative to the Gauss-Newton matrix or to K-FAC (preconditioned sharpness,
 * what an optimizer with that preconditioner sees), and where a good preconditioner is known, such as for a crowded lower end.
 * For the ends of one operator by itself `lanczos` takes fewer products.
 *
 * Cost: some k + max(2, k/2) products with each of A, B and T an iteration, fewer as pairs converge, and k with A and B to
 * measure the pairs afresh at the end; then a check, see `confirm`. `numMatvecs` counts those with A.
 * Memory: 9 vectors of length n for each of the k + max(2, k/2) in the block, twice as many for a moment.
 *
 * @param operator A, symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link LobpcgOptions}; `signal` stops the run between two products
 * @returns the pairs, owned by the caller: `result.dispose()`. The rows of `eigenvectors` are B-orthonormal, xᵀBx = 1, and
 *   residuals ‖Ax − λBx‖₂
 * @throws CurvatureArgumentError for options out of range, operators that do not fit, an A whose asymmetry is above 5 %, a B
 *   or T that is found not to be positive definite, start vectors that span less than k. What the operators throw passes
 *   through. In each case nothing stays on the device
 *
 * Sources: Knyazev, Toward the optimal preconditioned eigensolver, SIAM J. Sci. Comput. 23 (2001); Hetmaniuk & Lehoucq,
 * Basis selection in LOBPCG, J. Comput. Phys. 218 (2006), for the directions kept.
 *
 * @example
 * const objective = modelObjective(model, { xs, ys });
 * const metric = shifted(new GaussNewtonOperator(objective), 0.1);
 * const { eigenvalues, dispose } = await lobpcg(new HessianOperator(objective), { metric, k: 2 });
 */
export async function lobpcg(
  operator: LinearOperator | AsyncLinearOperator,
  options: LobpcgOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  const where = 'lobpcg';
  requireAnyOperator(operator, where);
  const plan = planLobpcg(operator, options satisfies LobpcgOptions & DriveOptions, where);
  const guards = [operator, plan.metric, plan.preconditioner]
    .filter((one) => one != null)
    .map((one) => guardParameters(one, where));
  return driveAsync(lobpcgSteps(operator, plan, where), driverStop(plan), where, () => {
    for (const requireStill of guards) requireStill();
  });
}

function* lobpcgSteps(operator: AnyOperator, plan: LobpcgPlan, where: string): SolverSteps<EigenResult> {
  const operators = {
    products: new NormalizedOperator(operator, 0, new ProductBudget(plan)),
    metric: plan.metric == null ? null : new NormalizedOperator(plan.metric),
  };
  const run = new LobpcgRun(operators, plan, where);
  try {
    return run.result(yield* run.iterate());
  } finally {
    run.dispose();
  }
}
