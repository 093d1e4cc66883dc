import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { mul, slice, reshape, tidy } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';
import type { AnyOperator, AsyncLinearOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import { LanczosFactorization } from './lanczos-factorization.js';
import type { LanczosOptions, LanczosPlan } from './lanczos-options.js';
import { planLanczos } from './lanczos-options.js';
import { LanczosSearch } from './lanczos-search.js';
import { believedPairs } from './measure-again.js';
import { powerOfTwoOf } from './normalized-operator.js';
import { driverStop, ProductBudget } from './product-budget.js';
import type { EigenResult } from './result.js';
import { eigenResult } from './result.js';
import { paddedRows } from './vector-arithmetic.js';

/**
 * A few eigenpairs at one end of the spectrum of a symmetric operator, or at both, by thick-restart Lanczos with full
 * reorthogonalisation.
 *
 *     A v_i = λ_i v_i,   v_iᵀ v_j = δ_ij,   λ_1 ≥ λ_2 ≥ … ('LA'), λ_1 ≤ λ_2 ≤ … ('SA'), |λ_1| ≥ |λ_2| ≥ … ('LM')
 *
 * Of both ends ('BE') the ⌈k/2⌉ largest and the ⌊k/2⌋ smallest in one run, ascending, λ_1 ≤ … ≤ λ_k, as by ARPACK's 'BE'.
 *
 * The method of choice for everything at an end: it needs some 3 products for each well separated pair, where
 * power iteration needs tens to hundreds. Convergence is checked after every product (in long runs: every few).
 *
 * Cost: the products, `numMatvecs` in the result; the run's own work is two matrix-vector products with the basis
 * for each of them. Memory: at most krylovDim + 4 vectors of length n.
 *
 * @param operator symmetric; stays the caller's. A new tensor for each product is expected. One
 *   that computes elsewhere may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link LanczosOptions}; `signal` stops the run between two products, see `onAbort`
 * @returns the pairs, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, a start vector that is zero or not finite, an operator
 *   whose asymmetry is above 5 %. What `operator.matvec` throws passes through. In each case nothing stays on the
 *   device. Numbers that do not work out never throw: see `status`
 *
 * Sources: Wu & Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems, SIAM J. Matrix Anal.
 * Appl. 22 (2000), §3; Ruhe, Implementation aspects of band Lanczos algorithms, Math. Comp. 33 (1979), §3.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const result = await lanczos(hessian, { k: 5 });
 * const [sharpness] = result.eigenvalues; // λ₁ ≥ … ≥ λ₅; result.eigenvectors is a tensor [5, n]
 * result.dispose();
 * hessian.dispose();
 */
export async function lanczos(
  operator: LinearOperator | AsyncLinearOperator,
  options: LanczosOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  requireAnyOperator(operator, 'lanczos');
  const where = 'lanczos';
  const plan = planLanczos(operator, options, where);
  return driveAsync(follow(plan, operator, where), driverStop(plan), where, guardParameters(operator, where));
}

/** {@link lanczos} as steps, for a driver. Options are checked when the first step is taken. */
export function* lanczosSteps(
  operator: LinearOperator | AsyncLinearOperator,
  options: LanczosOptions = {},
  where = 'lanczos',
): SolverSteps<EigenResult> {
  return yield* follow(planLanczos(operator, options, where), operator, where);
}

/** Runs as planned. */
function* follow(plan: LanczosPlan, operator: AnyOperator, where: string): SolverSteps<EigenResult> {
  const random = new SeededRandom(plan.seed);
  const budget = new ProductBudget(plan);
  const factorization = new LanczosFactorization(operator, plan.krylovDim + 3, budget);
  try {
    yield* start(factorization, plan, random, where);
    const search = new LanczosSearch(factorization, plan, random, where);
    yield* search.run();
    const result = collect(factorization, plan, search);
    return yield* believedPairs(result, factorization, plan.tol, (values, norms) =>
      search.count(values, norms),
    );
  } finally {
    factorization.dispose();
  }
}

/** Takes up the start vectors, or a random one. */
function* start(
  factorization: LanczosFactorization,
  plan: LanczosPlan,
  random: SeededRandom,
  where: string,
): SolverSteps<void> {
  const { startVectors } = plan;
  if (startVectors == null) {
    yield* factorization.includeRandom(random);
    return;
  }
  const n = factorization.operator.size;
  // In a space so small that all do not fit, what they leave out is found all the same.
  const rows = Math.min(startVectors.size / n, Math.max(1, plan.krylovDim - plan.k));
  // The caller may dispose of them at once.
  const flat = tidy(() => reshape(startVectors, [startVectors.size]) as Tensor1D);
  try {
    for (let i = 0; i < rows; i++) {
      const { unit, isZero } = yield* normalized(slice(flat, [i * n], [n]));
      const outcome = yield* factorization.include(unit);
      if (outcome === 'nonFinite' || isZero) {
        const problem = outcome === 'nonFinite' ? 'not finite' : 'zero';
        throw new CurvatureArgumentError(
          where,
          'finite start vectors other than zero',
          `row ${i}, ${problem}`,
        );
      }
    }
  } finally {
    flat.dispose();
  }
}

/** A vector, which is disposed, divided by a power of two near its largest entry; one that is zero or not finite stays as it is. */
function* normalized(vector: Tensor1D): SolverSteps<{ unit: Tensor1D; isZero: boolean }> {
  try {
    const scale = yield* powerOfTwoOf(vector);
    return { unit: mul(vector, 1 / (scale ?? 1)), isZero: scale == null };
  } finally {
    vector.dispose();
  }
}

/** Turns the factorization, which is left empty, into the result. */
function collect(factorization: LanczosFactorization, plan: LanczosPlan, search: LanczosSearch): EigenResult {
  const { k } = plan;
  const { ritz, numConverged } = search;
  const { status } = search;
  const eigenvalues = new Float64Array(k).fill(NaN);
  const residualNorms = new Float64Array(k).fill(NaN);
  const order = search.order();
  eigenvalues.set(order.map((i) => ritz!.values[i]!));
  residualNorms.set(order.map((i) => ritz!.residualNorms[i]!));
  return eigenResult({
    eigenvalues,
    eigenvectors: rowsOf(
      factorization,
      order.map((i) => ritz!.vectors[i]!),
      k,
    ),
    residualNorms,
    status,
    numConverged,
    numMatvecs: factorization.numMatvecs,
    asymmetry: factorization.norm > 0 ? factorization.asymmetry / factorization.norm : 0,
  });
}

/** Combinations of the multiplied rows as rows [k, n], with zeros below them where they are fewer. */
function rowsOf(factorization: LanczosFactorization, vectors: readonly Float64Array[], k: number): Tensor2D {
  const rows = vectors.length === 0 ? null : factorization.extract(vectors);
  return paddedRows(rows, k, factorization.operator.size);
}
