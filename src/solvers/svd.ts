import type { Tensor2D } from '@tensorflow/tfjs-core';
import { guardParameters } from '../operators/parameter-guard.js';
import type { RectangularOperator } from '../operators/rectangular-operator.js';
import { adjointImageOf, imageOf, requireRectangular } from '../operators/rectangular-operator.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { OneSide } from './bidiagonal-factorization.js';
import { BidiagonalFactorization } from './bidiagonal-factorization.js';
import { believed, residualsNow } from './measure-again.js';
import { NormalizedOperator } from './normalized-operator.js';
import { driverStop, ProductBudget } from './product-budget.js';
import type { EigenStatus } from './result.js';
import type { SvdOptions, SvdPlan } from './svd-options.js';
import { planSvd } from './svd-options.js';
import { SvdSearch } from './svd-search.js';
import { paddedRows } from './vector-arithmetic.js';

/** Singular triplets with what they cost and how good they are. */
export interface SvdResult {
  /** The k largest singular values, σ₁ ≥ … ≥ σ_k; NaN for those that were not found. */
  readonly singularValues: Float64Array;
  /** The left singular vectors, shape [k, m]: row i has unit length and belongs to singular value i. Disposed with the result. */
  readonly left: Tensor2D;
  /** The right singular vectors, shape [k, n]. Disposed with the result. */
  readonly right: Tensor2D;
  /** For each triplet the larger of ‖Av - σu‖₂ and ‖Aᵀu - σv‖₂. */
  readonly residualNorms: Float64Array;
  /** How the run ended. */
  readonly status: EigenStatus;
  /** How many of the triplets have a residual within the tolerance. */
  readonly numConverged: number;
  /** Products Av and Aᵀu spent, all together. */
  readonly numMatvecs: number;
  /**
   * Largest |uᵀ(Av) - (Aᵀu)ᵀv| seen among the vectors of the run, relative to the largest norm of a product: what one product lacks
   * of being the adjoint of the other. Float32 products leave some 1e-6.
   */
  readonly asymmetry: number;
  /** Releases the vectors. Calling it twice is harmless. */
  dispose(): void;
}

const where = 'svd';

/**
 * The largest singular values of a rectangular operator with their vectors, by Golub-Kahan-Lanczos bidiagonalisation with full
 * reorthogonalisation and thick restarts.
 *
 *     A v_i = σ_i u_i,   Aᵀ u_i = σ_i v_i,   u_iᵀ u_j = v_iᵀ v_j = δ_ij,   σ_1 ≥ σ_2 ≥ … ≥ 0
 *
 * Neither AᵀA nor AAᵀ is formed, so that a small singular value is right to 1e-7 of the largest one, not to its root. Of repeated
 * values all copies are found: triplets that have converged are checked by a fresh random vector, as in `lanczos`.
 *
 * Cost: two products a step, one Av and one Aᵀu, `numMatvecs` in the result; the run's own work is two matrix-vector products with
 * each basis for each step. Memory: at most krylovDim + 4 vectors of length m, and as many of length n.
 *
 * @param operator stays the caller's. A new tensor for each product is expected
 * @param options see {@link SvdOptions}; `signal` stops the run between two products, see `onAbort`
 * @returns the triplets, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, and for an operator whose `rmatvec` is off from being the adjoint of its
 *   `matvec` by more than 5 %. What the operator throws passes through. In each case nothing stays on the device. Numbers that do
 *   not work out never throw: see `status`
 *
 * Sources: Golub & Kahan, Calculating the singular values and pseudo-inverse of a matrix, SIAM J. Numer. Anal. 2 (1965); Baglama &
 * Reichel, Augmented implicitly restarted Lanczos bidiagonalization methods, SIAM J. Sci. Comput. 27 (2005), §3.1, for the restart
 * with Ritz vectors.
 *
 * @example
 * const jacobian = new JacobianOperator(model, xs);
 * const result = await svd(jacobian, { k: 5 });
 * const [largest] = result.singularValues; // result.left is [5, m], result.right is [5, n]
 * result.dispose();
 * jacobian.dispose();
 */
export async function svd(
  operator: RectangularOperator,
  options: SvdOptions & { readonly signal?: AbortSignal } = {},
): Promise<SvdResult> {
  requireRectangular(operator, where);
  const plan = planSvd(operator, options, where);
  return driveAsync(follow(plan, operator), driverStop(plan), where, guardParameters(operator, where));
}

/** Runs as planned, with the shorter side as the right one. */
function* follow(plan: SvdPlan, operator: RectangularOperator): SolverSteps<SvdResult> {
  const [m, n] = operator.shape;
  const dispose = (): void => {};
  const forward: OneSide = { size: m, matvec: (v) => imageOf(operator, v), dispose };
  const backward: OneSide = { size: n, matvec: (u) => adjointImageOf(operator, u), dispose };
  const sides = m < n ? ([backward, forward] as const) : ([forward, backward] as const);
  const random = new SeededRandom(plan.seed);
  const factorization = new BidiagonalFactorization(...sides, plan.krylovDim + 3, new ProductBudget(plan));
  try {
    yield* factorization.includeRandom(random);
    const search = new SvdSearch(factorization, operator, plan, random, where);
    yield* search.run();
    const result = collect(factorization, plan, search, m < n);
    const { budget } = factorization;
    const { singularValues } = result;
    return yield* believed(result, budget, plan.tol, {
      products: 2 * plan.k,
      residuals: () => residualsOfTriplets(result, [forward, backward], budget),
      count: (residualNorms) => search.count(singularValues, residualNorms),
    });
  } finally {
    factorization.dispose();
  }
}

/** Turns the factorization, which is left empty, into the result. */
function collect(
  factorization: BidiagonalFactorization,
  plan: SvdPlan,
  search: SvdSearch,
  isTransposed: boolean,
): SvdResult {
  const { k } = plan;
  const { norm, asymmetry, budget } = factorization;
  const { status } = search;
  const { numConverged, ritz } = search;
  const found = ritz?.triplets.slice(0, k) ?? [];
  const singularValues = new Float64Array(k).fill(NaN);
  const residualNorms = new Float64Array(k).fill(NaN);
  singularValues.set(found.map(({ value }) => value));
  residualNorms.set(ritz?.residualNorms ?? []);
  const sizes = { right: factorization.right.size, left: factorization.left.size };
  const rows = found.length === 0 ? null : factorization.extract(found);
  const whole = (side: 'left' | 'right'): Tensor2D => paddedRows(rows?.[side] ?? null, k, sizes[side]);
  const [one, other] = [whole('left'), whole('right')];
  const [left, right] = isTransposed ? [other, one] : [one, other];
  return {
    ...{ singularValues, left, right, residualNorms, status, numConverged },
    numMatvecs: budget.spent,
    asymmetry: norm > 0 ? asymmetry / norm : 0,
    dispose: () => {
      left.dispose();
      right.dispose();
    },
  };
}

/** The larger of ‖Av − σu‖ and ‖Aᵀu − σv‖, as the operator is now. Cost: two products for each triplet. */
function* residualsOfTriplets(
  { singularValues, left, right }: SvdResult,
  [forward, backward]: readonly [OneSide, OneSide],
  budget: ProductBudget,
): SolverSteps<Float64Array> {
  const image = new NormalizedOperator(forward, 0, budget);
  const one = yield* residualsNow(image, right, singularValues, left);
  const adjoint = new NormalizedOperator(backward, 0, budget);
  const other = yield* residualsNow(adjoint, left, singularValues, right);
  return one.map((norm, i) => Math.max(norm, other[i]!));
}
