import type { Tensor1D } from '@tensorflow/tfjs-core';
import { mul, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { requireOptions } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { SolverSteps } from './drive.js';
import { driveAsync, driveOptionNames } from './drive.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import type { LinearSystem, SolveOptions, SolveResult, SolveStatus } from './linear-solve.js';
import {
  applySystem,
  initialPair,
  linearSystem,
  normOf,
  residualOf,
  solveResult,
  solveOptionNames,
} from './linear-solve.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/**
 * Solves (A + δI)x = b for a symmetric, possibly indefinite A + δI by MINRES: of all x in the Krylov space the one
 * with the smallest residual. For the Hessian of a network in training, which has negative eigenvalues.
 *
 * Cost: one product an iteration and one at the end for the residual. Memory: 7 vectors of length n.
 *
 * @param operator A, symmetric; stays the caller's
 * @param b right-hand side, shape [n]; stays the caller's
 * @param options see {@link SolveOptions}; `signal` stops the run between two products
 * @returns the solution, owned by the caller: `result.dispose()`. It is never 'negativeCurvature'
 * @throws CurvatureArgumentError for options out of range or a right-hand side that does not fit or is not finite.
 *   What the operator throws passes through. In each case nothing stays on the device
 *
 * Source: Paige & Saunders, Solution of sparse indefinite systems of linear equations, SIAM J. Numer. Anal. 12
 * (1975), §6.
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
  return driveAsync(minresSteps(operator, b, options), options);
}

/** {@link minres} as steps, for a driver. */
export function* minresSteps(
  operator: LinearOperator,
  b: Tensor1D,
  options: SolveOptions = {},
): SolverSteps<SolveResult> {
  const system = linearSystem(operator, b, options, 'minres');
  const goal = system.tol * (yield* normOf(b, 'minres'));
  const run = new Minres(system);
  try {
    const status = yield* run.iterate(goal);
    return yield* run.finish(status, goal);
  } finally {
    run.dispose();
  }
}

/** The vectors of one run: the last two Lanczos vectors, the last two directions, x. */
class Minres {
  private x: Tensor1D | null;
  private vector: Tensor1D;
  private lastVector: Tensor1D | null = null;
  private direction: Tensor1D | null = null;
  private lastDirection: Tensor1D | null = null;
  private numMatvecs: number;
  private numIterations = 0;

  constructor(private readonly system: LinearSystem) {
    const { x, residual, numMatvecs } = initialPair(system);
    this.x = x;
    this.vector = residual;
    this.numMatvecs = numMatvecs;
  }

  *iterate(goal: number): SolverSteps<SolveStatus> {
    let beta = Math.sqrt((yield innerProducts([this.vector, this.vector]))[0]!);
    if (!Number.isFinite(beta)) return 'nonFinite';
    if (beta <= goal) return 'converged';
    this.rescale(1 / beta);
    /** The residual norm, with the sign that the rotations give it. */
    let residual = beta;
    let [cosine, sine, lastCosine, lastSine] = [1, 0, 1, 0];
    let norm = 0;
    beta = 0;
    while (this.numIterations < this.system.maxIterations) {
      const { alpha, nextBeta, next } = yield* this.extend(beta);
      if (next == null) return 'nonFinite';
      // The last column of the tridiagonal matrix, rotated by the two rotations before it, then by a new one.
      const above = lastSine * beta;
      const middle = cosine * lastCosine * beta + sine * alpha;
      const corner = cosine * alpha - sine * lastCosine * beta;
      norm = Math.max(norm, Math.hypot(beta, alpha, nextBeta));
      const pivot = Math.hypot(corner, nextBeta);
      if (pivot <= FLOAT32_EPSILON * norm) {
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

  /** The result with the residual of x itself, to which x passes over. */
  *finish(status: SolveStatus, goal: number): SolverSteps<SolveResult> {
    const residual = residualOf(this.system, this.x!);
    this.numMatvecs++;
    let residualNorm: number;
    try {
      residualNorm = Math.sqrt((yield innerProducts([residual, residual]))[0]!);
    } finally {
      residual.dispose();
    }
    const x = this.x!;
    this.x = null;
    const { numIterations, numMatvecs } = this;
    let truth = status;
    if (status === 'stagnated' && residualNorm <= goal) truth = 'converged';
    // The recurrence may promise a little more than rounding lets x keep.
    if (status === 'converged' && !(residualNorm <= 1.5 * goal)) truth = 'stagnated';
    return solveResult({ x, residualNorm, status: truth, numIterations, numMatvecs });
  }

  dispose(): void {
    release(this.x, this.vector, this.lastVector, this.direction, this.lastDirection);
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
      const nextBeta = Math.sqrt((yield innerProducts([next, next]))[0]!);
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
    const x = plusMultiple(this.x!, direction, length);
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
