import type { Tensor1D } from '@tensorflow/tfjs-core';
import { slice, reshape, tidy, zeros } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';
import type { AsyncLinearOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { SeededRandom } from '../random.js';
import type { Order } from './confirmation.js';
import { Confirmation } from './confirmation.js';
import type { SolverSteps } from './drive.js';
import { driveAsync } from './drive.js';
import { FLOAT32_EPSILON, LanczosFactorization } from './lanczos-factorization.js';
import type { LanczosOptions, LanczosPlan } from './lanczos-options.js';
import { planLanczos } from './lanczos-options.js';
import type { RitzPairs } from './projected-eigenproblem.js';
import { solveProjected } from './projected-eigenproblem.js';
import type { EigenResult, EigenStatus } from './result.js';
import { eigenResult } from './result.js';

/**
 * A few eigenpairs at one end of the spectrum of a symmetric operator, by thick-restart Lanczos with full
 * reorthogonalisation.
 *
 *     A v_i = λ_i v_i,   v_iᵀ v_j = δ_ij,   λ_1 ≥ λ_2 ≥ … ('LA'), λ_1 ≤ λ_2 ≤ … ('SA'), |λ_1| ≥ |λ_2| ≥ … ('LM')
 *
 * The method of choice for everything at an end: it needs some 3 products for each well separated pair, where
 * power iteration needs tens to hundreds. Convergence is checked after every product (in long runs: every few).
 *
 * Cost: the products, `numMatvecs` in the result; the run's own work is two matrix-vector products with the basis
 * for each of them. Memory: at most krylovDim + 4 vectors of length n.
 *
 * @param operator symmetric; stays the caller's. A new tensor for each product is expected. One
 *   that computes elsewhere may answer later: see {@link AsyncLinearOperator}
 * @param options see {@link LanczosOptions}; `signal` stops the run between two products
 * @returns the pairs, owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range, a start vector that is zero or not finite, an operator
 *   whose asymmetry is above 5 %. What `operator.matvec` throws passes through. In each case nothing stays on the
 *   device. Numbers that do not work out never throw: see `status`
 *
 * Sources: Wu & Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems, SIAM J. Matrix Anal.
 * Appl. 22 (2000), §3; Ruhe, Implementation aspects of band Lanczos algorithms, Math. Comp. 33 (1979), §3.
 *
 * @example
 * const { eigenvalues, dispose } = await lanczos(operator, { k: 5 });
 * dispose();
 */
export async function lanczos(
  operator: LinearOperator | AsyncLinearOperator,
  options: LanczosOptions & { readonly signal?: AbortSignal } = {},
): Promise<EigenResult> {
  return driveAsync(lanczosSteps(operator, options, 'lanczos'), options);
}

/** {@link lanczos} as steps, for a driver. Options are checked when the first step is taken. */
export function* lanczosSteps(
  operator: LinearOperator | AsyncLinearOperator,
  options: LanczosOptions = {},
  where = 'lanczosSteps',
): SolverSteps<EigenResult> {
  const plan = planLanczos(operator, options, where);
  const random = new SeededRandom(plan.seed);
  const factorization = new LanczosFactorization(operator);
  try {
    yield* start(factorization, plan, random, where);
    const { ritz, isFinite } = yield* search(factorization, plan, random, where);
    return collect(factorization, plan, ritz, isFinite);
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
  const rows = startVectors.size / n;
  for (let i = 0; i < rows; i++) {
    const vector = tidy(() => slice(reshape(startVectors, [rows * n]) as Tensor1D, [i * n], [n]));
    const outcome = yield* factorization.include(vector, where);
    if (outcome === 'nonFinite' || (outcome === 'dependent' && factorization.basis.rows === 0)) {
      const problem = outcome === 'nonFinite' ? 'not finite' : 'zero';
      throw new CurvatureArgumentError(where, 'finite start vectors other than zero', `row ${i}, ${problem}`);
    }
  }
}

/** Extends and restarts until the wanted pairs have converged and are believed, or the work allowed is done. */
function* search(
  factorization: LanczosFactorization,
  plan: LanczosPlan,
  random: SeededRandom,
  where: string,
): SolverSteps<{ ritz: RitzPairs | null; isFinite: boolean }> {
  const confirmation = new Confirmation(plan, factorization.pending.length);
  let ritz: RitzPairs | null = null;
  let restarts = 0;
  for (;;) {
    const outcome = yield* factorization.extend(nextRow(factorization, plan, ritz, confirmation.order));
    if (outcome === 'nonFinite') {
      const isBlank = factorization.processed.length === 0;
      return { ritz: isBlank ? null : solveProjected(factorization, plan.which, plan.k), isFinite: false };
    }
    requireSymmetric(factorization, where);
    const isFull = factorization.basis.rows > plan.krylovDim;
    const isSpent = factorization.pending.length === 0;
    if (isFull || isSpent || confirmation.isChallenging || isDue(factorization.processed.length, plan.k)) {
      ritz = solveProjected(factorization, plan.which, plan.k);
      report(factorization, plan, ritz);
      if (isSpent && factorization.isComplete) return { ritz, isFinite: true };
      if (countConverged(factorization, plan, ritz) < plan.k) {
        confirmation.unsettled();
        if (confirmation.wantsCompany(factorization.numMatvecs) && hasRoom(factorization, plan)) {
          if ((yield* factorization.includeRandom(random)) === 'extended') {
            confirmation.joined(factorization.numMatvecs, 'active');
          }
        }
      } else {
        const verdict = confirmation.judge(
          ritz,
          factorization.norm,
          factorization.numMatvecs,
          factorization.pending.length,
        );
        if (verdict === 'accept') return { ritz, isFinite: true };
        if (verdict === 'challenge' && !hasRoom(factorization, plan)) return { ritz, isFinite: true };
        if (verdict === 'challenge') {
          if ((yield* factorization.includeRandom(random)) !== 'extended') return { ritz, isFinite: true };
          confirmation.joined(factorization.numMatvecs, 'active');
        }
      }
    }
    if (factorization.pending.length === 0) {
      if ((yield* factorization.includeRandom(random)) !== 'extended') return { ritz, isFinite: true };
      confirmation.joined(factorization.numMatvecs, 'exhausted');
    }
    if (factorization.basis.rows > plan.krylovDim) {
      if (ritz == null || restarts++ >= plan.maxRestarts) return { ritz, isFinite: true };
      factorization.restart(ritz.vectors.slice(0, rowsToKeep(factorization, plan)));
    }
  }
}

/**
 * How many Ritz vectors survive a restart: the wanted ones and half of the others, which keeps the part of the
 * space that converges next (Wu & Simon 2000, §4, and ARPACK's `np0`), but never so many that no room is left.
 */
function rowsToKeep(factorization: LanczosFactorization, plan: LanczosPlan): number {
  const room = plan.krylovDim - factorization.pending.length;
  const generous = plan.k + Math.floor((factorization.processed.length - plan.k) / 2);
  return Math.max(Math.min(generous, room), 1);
}

/** Whether one more start vector leaves room for the wanted pairs at a restart. */
function hasRoom(factorization: LanczosFactorization, plan: LanczosPlan): boolean {
  return factorization.pending.length < plan.krylovDim - plan.k;
}

/** The pending row to multiply next. */
function nextRow(
  factorization: LanczosFactorization,
  plan: LanczosPlan,
  ritz: RitzPairs | null,
  order: Order,
): number {
  const { pending, processed } = factorization;
  if (order === 'newest') return pending.at(-1)!;
  const isCurrent = ritz != null && ritz.vectors[0]!.length === processed.length;
  if (order === 'oldest' || pending.length === 1 || !isCurrent) return pending[0]!;
  const worst = ritz.residualNorms.findIndex(
    (norm, i) => norm > threshold(factorization, plan, ritz.values[i]!),
  );
  if (worst < 0) return pending[0]!;
  const image = factorization.apply(ritz.vectors[worst]!);
  return pending.reduce((best, row) => (Math.abs(image[row]!) > Math.abs(image[best]!) ? row : best));
}

/** The dense problem is solved after every product at first, later every 5 %. */
function isDue(size: number, k: number): boolean {
  return size >= k && (size <= 40 || size % Math.ceil(size / 20) === 0);
}

function threshold(factorization: LanczosFactorization, plan: LanczosPlan, value: number): number {
  return Math.max(plan.tol * Math.abs(value), 10 * FLOAT32_EPSILON * factorization.norm);
}

function countConverged(factorization: LanczosFactorization, plan: LanczosPlan, ritz: RitzPairs): number {
  return ritz.residualNorms.reduce(
    (count, norm, i) => count + (norm <= threshold(factorization, plan, ritz.values[i]!) ? 1 : 0),
    0,
  );
}

function report(factorization: LanczosFactorization, plan: LanczosPlan, ritz: RitzPairs): void {
  plan.onProgress?.({
    numMatvecs: factorization.numMatvecs,
    numConverged: countConverged(factorization, plan, ritz),
    ritzValues: ritz.values.slice(0, plan.k),
    residualNorms: ritz.residualNorms.slice(),
  });
}

/** Beyond this relative asymmetry the pairs mean nothing; central differences in float32 stay well below. */
const LARGEST_ASYMMETRY = 0.05;

function requireSymmetric(factorization: LanczosFactorization, where: string): void {
  const { asymmetry, norm } = factorization;
  if (asymmetry > LARGEST_ASYMMETRY * norm) {
    throw new CurvatureArgumentError(
      where,
      'a symmetric operator that gives the same product each time',
      `one with |uᵀAv - vᵀAu| = ${asymmetry.toExponential(1)} at ‖Av‖ = ${norm.toExponential(1)}`,
    );
  }
}

/** Turns the factorization, which is left empty, into the result. */
function collect(
  factorization: LanczosFactorization,
  plan: LanczosPlan,
  ritz: RitzPairs | null,
  isFinite: boolean,
): EigenResult {
  const { k } = plan;
  const n = factorization.operator.size;
  const found = ritz == null ? 0 : Math.min(k, ritz.residualNorms.length);
  const numConverged = ritz == null ? 0 : countConverged(factorization, plan, ritz);
  const eigenvalues = new Float64Array(k).fill(NaN);
  const residualNorms = new Float64Array(k).fill(NaN);
  let eigenvectors = zeros([k, n]) as EigenResult['eigenvectors'];
  if (ritz != null && found === k) {
    eigenvectors.dispose();
    eigenvalues.set(ritz.values.subarray(0, k));
    residualNorms.set(ritz.residualNorms);
    eigenvectors = factorization.extract(ritz.vectors.slice(0, k));
  }
  let status: EigenStatus = 'maxIterations';
  if (!isFinite) status = 'nonFinite';
  else if (numConverged === k) status = 'converged';
  else if (factorization.isComplete) status = 'invariantSubspace';
  return eigenResult({
    eigenvalues,
    eigenvectors,
    residualNorms,
    status,
    numConverged,
    numMatvecs: factorization.numMatvecs,
    asymmetry: factorization.norm > 0 ? factorization.asymmetry / factorization.norm : 0,
  });
}
