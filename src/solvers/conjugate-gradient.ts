import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { requireOperator } from '../operators/linear-operator.js';
import type { SolverSteps } from './drive.js';
import { driveAsync, driveOptionNames } from './drive.js';
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
 * Cost: one product an iteration, one more to confirm the residual at the end, and one of the preconditioner.
 * Memory: 5 vectors of length n, 6 with a preconditioner.
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
  requireOptions(options, { ...conjugateGradientOptionNames, ...driveOptionNames }, 'solve');
  return driveAsync(conjugateGradientSteps(operator, b, options), options);
}

/** {@link solve} as steps, for a driver. */
export function* conjugateGradientSteps(
  operator: LinearOperator,
  b: Tensor1D,
  options: ConjugateGradientOptions = {},
): SolverSteps<SolveResult> {
  const system = linearSystem(operator, b, options, 'solve');
  const { preconditioner } = options;
  if (preconditioner != null) requireOperator(preconditioner, 'solve: preconditioner');
  requireArgument(
    preconditioner == null || preconditioner.size === operator.size,
    'solve',
    `a preconditioner of size ${operator.size}`,
    preconditioner?.size,
  );
  const goal = system.tol * (yield* normOf(b, 'solve'));
  const run = new ConjugateGradient(system, preconditioner ?? null);
  try {
    const status = yield* run.iterate(goal);
    return run.result(status);
  } finally {
    run.dispose();
  }
}

/** The vectors of one run. */
class ConjugateGradient {
  private x: Tensor1D | null;
  private residual: Tensor1D;
  private direction: Tensor1D | null = null;
  private residualNorm = NaN;
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

  *iterate(goal: number): SolverSteps<SolveStatus> {
    let confirmed = Infinity;
    let slope = yield* this.turn(null);
    for (;;) {
      if (this.residualNorm <= goal) {
        if (this.numIterations === 0) return 'converged';
        // The recurrence drifts away from the residual of x; what counts is the latter.
        this.replaceResidual();
        slope = yield* this.turn(null);
        if (this.residualNorm <= goal) return 'converged';
        if (this.residualNorm > confirmed / 2) return 'stagnated';
        confirmed = this.residualNorm;
      }
      if (!Number.isFinite(this.residualNorm) || !Number.isFinite(slope)) return 'nonFinite';
      if (this.numIterations >= this.system.maxIterations) return 'maxIterations';
      const image = applySystem(this.system, this.direction!);
      this.numMatvecs++;
      this.numIterations++;
      try {
        const curvature = (yield innerProducts([this.direction!, image]))[0]!;
        if (Number.isNaN(curvature)) return 'nonFinite';
        if (curvature <= 0) return 'negativeCurvature';
        this.advance(image, slope / curvature);
      } finally {
        image.dispose();
      }
      slope = yield* this.turn(slope);
      this.system.onProgress({ numMatvecs: this.numMatvecs, residualNorm: this.residualNorm });
    }
  }

  /** The result, to which x passes over. */
  result(status: SolveStatus): SolveResult {
    const x = this.x!;
    this.x = null;
    const { residualNorm, numIterations, numMatvecs } = this;
    return solveResult({ x, residualNorm, status, numIterations, numMatvecs });
  }

  dispose(): void {
    release(this.x, this.residual, this.direction);
  }

  /** The step along the direction. */
  private advance(image: Tensor1D, length: number): void {
    const { x, residual } = this;
    this.x = plusMultiple(x!, this.direction!, length);
    this.residual = plusMultiple(residual, image, -length);
    release(x, residual);
  }

  private replaceResidual(): void {
    const fresh = residualOf(this.system, this.x!);
    this.numMatvecs++;
    this.residual.dispose();
    this.residual = fresh;
  }

  /**
   * The next direction: the preconditioned residual z, conjugated unless the run starts afresh.
   *
   * @param before the slope rᵀz of the last direction, or null for a fresh start
   * @returns the slope rᵀz
   */
  private *turn(before: number | null): SolverSteps<number> {
    const z = this.preconditioner == null ? clone(this.residual) : this.preconditioner.matvec(this.residual);
    try {
      const products = yield innerProducts([this.residual, z], [this.residual, this.residual]);
      const slope = products[0]!;
      this.residualNorm = Math.sqrt(products[1]!);
      const old = this.direction;
      this.direction = before == null || old == null ? clone(z) : plusMultiple(z, old, slope / before);
      old?.dispose();
      return slope;
    } finally {
      z.dispose();
    }
  }
}
