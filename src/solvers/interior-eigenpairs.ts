import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { InteriorOptions, InteriorPlan } from './interior-options.js';
import { planInterior } from './interior-options.js';
import { InteriorRun } from './interior-run.js';
import { driverStop } from './product-budget.js';
import type { EigenResult } from './result.js';

/**
 * The eigenpairs of a symmetric operator whose eigenvalues are nearest to a number σ inside of its spectrum, by default 0:
 *
 *     A v_i = λ_i v_i,   |λ_1 - σ| ≤ |λ_2 - σ| ≤ …
 *
 * by shift-invert. A space is widened by (A - σI)⁻¹ times residuals, to which `minres` solves roughly, and by what these
 * solves leave; the pairs are those of A itself in that space, so that a rough solve costs products, never accuracy.
 * Where σ is an eigenvalue, what a solve leaves lies in the null space of A - σI: null vectors are found like any others.
 * A pair or two beyond the wanted ones are found roughly, and four more solves look for what was missed, such as copies.
 *
 * An inner eigenvalue costs what a few solves cost: each some κ = ‖A - σI‖ / |λ - σ| products, 200 at most. Of a spectrum
 * that is dense around σ, such as that of the Hessian of a large net around 0, single pairs are neither to be had in float32
 * nor of much use: there the run ends with some vectors for which Av = σv to rounding, or with a status that says what it
 * lacks. The end of a spectrum is for `lanczos`. A σ far outside of the spectrum leaves little of A in A - σI.
 *
 * Cost: hundreds of products a pair and more, `numMatvecs` in the result. Memory: up to 192 MiB for the solves, and
 * 4 · max(24, 6k) vectors of length n.
 *
 * @param operator A, symmetric; stays the caller's. It may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link InteriorOptions}; `signal` stops the run between two products, see `onAbort`
 * @returns the pairs, the nearest first, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, an operator whose asymmetry is above 5 %, start vectors that do
 *   not fit or are zero. What `operator.matvec` throws passes through. In each case nothing stays on the device
 *
 * Sources: Ericsson & Ruhe, The spectral transformation Lanczos method, Math. Comp. 35 (1980), for shift-invert; Davidson,
 * J. Comput. Phys. 17 (1975), and Morgan & Scott, SIAM J. Sci. Stat. Comput. 7 (1986), for a space that approximate
 * inverses widen; Jia, Refined iterative algorithms, Linear Algebra Appl. 259 (1997), for the vectors of a space with the
 * smallest ‖(A - σI)x‖.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const { eigenvalues, dispose } = await interiorEigenpairs(hessian, { near: 0.5, k: 2 });
 */
export async function interiorEigenpairs(
  operator: LinearOperator | AsyncLinearOperator,
  options: InteriorOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  const where = 'interiorEigenpairs';
  requireAnyOperator(operator, where);
  const plan = planInterior(operator, options satisfies InteriorOptions & DriveOptions, where);
  return driveAsync(
    interiorSteps(operator, plan, where),
    driverStop(plan),
    where,
    guardParameters(operator, where),
  );
}

function* interiorSteps(operator: AnyOperator, plan: InteriorPlan, where: string): SolverSteps<EigenResult> {
  const run = new InteriorRun(operator, plan, where);
  try {
    return run.result(yield* run.iterate());
  } finally {
    run.dispose();
  }
}
