import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import { DOUBTFUL } from '../float32.js';
import { euclideanNorm } from '../rows.js';
import type { LinearSystem, SolveResult, SolveStatus } from './linear-solve.js';
import { residualOf, solutionOf } from './linear-solve.js';
import { release } from './vector-arithmetic.js';

/** A run that does not lessen the residual by a quarter has come to where rounding lets it go no lower. */
export const LEAST_GAIN = 3 / 4;

/** A residual as it is, not as a recurrence has it. */
export interface MeasuredResidual {
  /** b/t - (A + δI)y/s, owned by the caller. */
  readonly residual: Tensor1D;
  readonly residualNorm: number;
}

/**
 * The iterate of the smallest residual measured, the start to begin with. What a recurrence says of a residual drifts
 * away from it by the rounding of products with x, so it is measured whenever x has got long enough for that to tell
 * and twice as long as when it was measured last: log₂ κ times at most.
 */
export class BestIterate {
  private lastLength = 0;
  private y: Tensor1D;

  /**
   * @param y the start, which stays the caller's; like all norms and iterates here it belongs to the scaled system
   * @param residualNorm of the start
   */
  constructor(
    private readonly system: LinearSystem,
    y: Tensor1D,
    private residualNorm: number,
  ) {
    this.y = clone(y);
  }

  /**
   * Whether the residual of y is to be measured.
   *
   * @param length ‖y‖
   * @param norm ‖A + δI‖/s, as far as it is known
   * @param claimed the residual as the recurrence has it
   */
  isDue(length: number, norm: number, claimed: number): boolean {
    return length >= 2 * this.lastLength && DOUBTFUL * norm * length >= claimed;
  }

  /**
   * Measures the residual of y, for a product.
   *
   * @param length ‖y‖
   */
  *measure(y: Tensor1D, length: number): SolverSteps<MeasuredResidual> {
    const residual = yield* residualOf(this.system, y);
    let isDone = false;
    try {
      this.lastLength = length;
      // That of a step to a far boundary has no square.
      const residualNorm = (yield euclideanNorm([residual]))[0]!;
      this.offer(y, residualNorm);
      isDone = true;
      return { residual, residualNorm };
    } finally {
      if (!isDone) residual.dispose();
    }
  }

  /** Keeps y, which stays the caller's, if its residual is the smallest so far. */
  offer(y: Tensor1D, residualNorm: number): void {
    // A start whose residual is not finite is no better than anything.
    if (residualNorm < this.residualNorm || Number.isNaN(this.residualNorm)) this.take(y, residualNorm);
  }

  /** Keeps y, which stays the caller's, whatever was before. */
  take(y: Tensor1D, residualNorm: number): void {
    const kept = clone(y);
    this.y.dispose();
    this.y = kept;
    this.residualNorm = residualNorm;
  }

  /** The best iterate at its own scale; it has converged if and only if its residual is within the tolerance. */
  *result(status: SolveStatus, numIterations: number): SolverSteps<SolveResult> {
    const { goal, scale, products } = this.system;
    const x = yield* solutionOf(this.system, this.y);
    const isWithin = this.residualNorm <= goal;
    return {
      x,
      residualNorm: scale * this.residualNorm,
      status: isWithin ? 'converged' : status === 'converged' ? 'stagnated' : status,
      numIterations,
      numMatvecs: products.numMatvecs,
      dispose: () => release(x),
    };
  }

  dispose(): void {
    release(this.y);
  }
}
