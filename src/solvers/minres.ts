import type { Tensor1D } from '@tensorflow/tfjs-core';
import { mul, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { requireOptions } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { SolverSteps } from './drive.js';
import { driveAsync, driveOptionNames } from './drive.js';
import { BestIterate } from './best-iterate.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import type { LinearSystem, SolveOptions, SolveResult, SolveStatus } from './linear-solve.js';
import { applySystem, initialPair, linearSystem, solveOptionNames } from './linear-solve.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/**
 * Solves (A + δI)x = b for a symmetric, possibly indefinite A + δI by MINRES: of all x in the Krylov space the one
 * with the smallest residual, as far as float32 keeps it: returned is the best iterate of those measured. For the
 * Hessian of a network in training, which has negative eigenvalues. Where A + δI is singular and b not in its range,
 * that is a least-squares solution, the status 'stagnated'.
 *
 * Cost: one product an iteration, one at the end for the residual, and one whenever ‖x‖ has doubled and is long enough
 * for rounding to tell. Memory: 8 vectors of length n. b may be of any size that float32 holds; ‖A + δI‖ from 1e-19 to
 * 1e19.
 *
 * @param operator A, symmetric; stays the caller's
 * @param b right-hand side, shape [n]; stays the caller's
 * @param options see {@link SolveOptions}; `signal` stops the run between two products
 * @returns the solution, owned by the caller: `result.dispose()`. It is never 'negativeCurvature'
 * @throws CurvatureArgumentError for options out of range or a right-hand side that does not fit or is not finite.
 *   What the operator throws passes through. In each case nothing stays on the device
 *
 * Sources: Paige & Saunders, Solution of sparse indefinite systems of linear equations, SIAM J. Numer. Anal. 12
 * (1975), §6; the stop at a least-squares solution: Choi, Paige & Saunders, MINRES-QLP, SIAM J. Sci. Comput. 33 (2011).
 *
 * @example
 * const { x, dispose } = await minres(hessian, gradient, { tol: 1e-3 });
 */
export async function minres(
  operator: LinearOperator,
  b: Tensor1D,
  options: SolveOptions & { readonly signal?: AbortSignal } = {},
): Promise<SolveResult> {
  requireOptions(options, { ...solveOptionNames, ...driveOptionNames }, 'minres');
  return driveAsync(minresSteps(operator, b, options), options, 'minres');
}

/** {@link minres} as steps, for a driver. */
export function* minresSteps(
  operator: LinearOperator,
  b: Tensor1D,
  options: SolveOptions = {},
): SolverSteps<SolveResult> {
  const system = yield* linearSystem(operator, b, options, 'minres');
  const run = new Minres(system);
  try {
    return yield* run.result(yield* run.iterate());
  } finally {
    run.dispose();
  }
}

/** The vectors of one run: the last two Lanczos vectors, the last two directions, x. */
class Minres {
  private x: Tensor1D;
  private vector: Tensor1D;
  private lastVector: Tensor1D | null = null;
  private direction: Tensor1D | null = null;
  private lastDirection: Tensor1D | null = null;
  private best: BestIterate | null = null;
  /** ‖x‖ of the iterate before the last. */
  private length = 0;
  private numMatvecs: number;
  private numIterations = 0;

  constructor(private readonly system: LinearSystem) {
    const { x, residual, numMatvecs } = initialPair(system);
    this.x = x;
    this.vector = residual;
    this.numMatvecs = numMatvecs;
  }

  *iterate(): SolverSteps<SolveStatus> {
    const { goal, maxIterations } = this.system;
    let beta = Math.sqrt((yield innerProducts([this.vector, this.vector]))[0]!);
    const best = new BestIterate(this.system, beta);
    this.best = best;
    if (!Number.isFinite(beta)) return 'nonFinite';
    if (beta <= goal) return 'converged';
    this.rescale(1 / beta);
    /** The residual norm, with the sign that the rotations give it. */
    let residual = beta;
    let [cosine, sine, lastCosine, lastSine] = [1, 0, 1, 0];
    let norm = 0;
    beta = 0;
    while (this.numIterations < maxIterations) {
      const claimed = Math.abs(residual);
      if (best.isDue(this.length, norm, claimed)) {
        const measured = yield* best.measure(this.x, this.length);
        if (!(measured <= 2 * claimed)) return 'stagnated';
      }
      const { alpha, nextBeta, next } = yield* this.extend(beta);
      if (next == null) return 'nonFinite';
      // The last column of the tridiagonal matrix, rotated by the two rotations before it, then by a new one.
      const above = lastSine * beta;
      const middle = cosine * lastCosine * beta + sine * alpha;
      const corner = cosine * alpha - sine * lastCosine * beta;
      norm = Math.max(norm, Math.hypot(beta, alpha, nextBeta));
      const pivot = Math.hypot(corner, nextBeta);
      // ‖Ar‖/‖r‖ of the present residual: close to 0, x solves the least-squares problem (Choi, Paige & Saunders 2011).
      const slope = Math.hypot(corner, cosine * nextBeta);
      if (slope <= 10 * FLOAT32_EPSILON * norm) {
        next.dispose();
        return 'stagnated';
      }
      [lastCosine, lastSine] = [cosine, sine];
      [cosine, sine] = [corner / pivot, nextBeta / pivot];
      this.advance(above, middle, pivot, cosine * residual, next);
      residual *= -sine;
      this.system.onProgress({ numMatvecs: this.numMatvecs, residualNorm: Math.abs(residual) });
      if (Math.abs(residual) <= goal) return 'converged';
      if (nextBeta <= 10 * FLOAT32_EPSILON * norm) return 'stagnated';
      this.rescale(1 / nextBeta);
      beta = nextBeta;
    }
    return 'maxIterations';
  }

  /** The best iterate, as the result; the last one is measured, too. */
  *result(status: SolveStatus): SolverSteps<SolveResult> {
    const best = this.best!;
    yield* best.measure(this.x, this.length);
    return best.result(status, this.numIterations, this.numMatvecs);
  }

  dispose(): void {
    release(this.x, this.vector, this.lastVector, this.direction, this.lastDirection);
    this.best?.dispose();
  }

  /** One Lanczos step: the next, unscaled vector with its norm; no vector where something is not finite. */
  private *extend(beta: number): SolverSteps<{ alpha: number; nextBeta: number; next: Tensor1D | null }> {
    const image = applySystem(this.system, this.vector);
    this.numMatvecs++;
    this.numIterations++;
    let next = image;
    let isKept = false;
    try {
      if (this.lastVector != null) {
        next = plusMultiple(image, this.lastVector, -beta);
        image.dispose();
      }
      const alpha = (yield innerProducts([this.vector, next]))[0]!;
      const rest = plusMultiple(next, this.vector, -alpha);
      next.dispose();
      next = rest;
      const squares = yield innerProducts([next, next], [this.x, this.x]);
      const nextBeta = Math.sqrt(squares[0]!);
      this.length = Math.sqrt(squares[1]!);
      if (!Number.isFinite(alpha) || !Number.isFinite(nextBeta)) return { alpha, nextBeta, next: null };
      isKept = true;
      return { alpha, nextBeta, next };
    } finally {
      if (!isKept) next.dispose();
    }
  }

  /** d = (v - middle d₋₁ - above d₋₂) / pivot, x += length d; then `next` becomes the vector. */
  private advance(above: number, middle: number, pivot: number, length: number, next: Tensor1D): void {
    const direction = tidy(() => {
      const one = this.direction ?? zerosLike(this.vector);
      const two = this.lastDirection ?? zerosLike(this.vector);
      const rest = plusMultiple(plusMultiple(this.vector, one, -middle), two, -above);
      return mul(rest, 1 / pivot) as Tensor1D;
    });
    const x = plusMultiple(this.x, direction, length);
    release(this.x, this.lastDirection, this.lastVector);
    this.x = x;
    this.lastDirection = this.direction;
    this.direction = direction;
    this.lastVector = this.vector;
    this.vector = next;
  }

  private rescale(factor: number): void {
    const scaled: Tensor1D = mul(this.vector, factor);
    this.vector.dispose();
    this.vector = scaled;
  }
}
