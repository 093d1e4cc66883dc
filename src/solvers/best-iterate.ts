import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, mul } from '@tensorflow/tfjs-core';
import type { SolverSteps } from './drive.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import type { LinearSystem, SolveResult, SolveStatus } from './linear-solve.js';
import { residualOf, startOf } from './linear-solve.js';
import { innerProducts, release } from './vector-arithmetic.js';

/**
 * The iterate of the smallest residual measured, the start to begin with. What a recurrence says of a residual drifts
 * away from it by the rounding of products with x, so it is measured whenever x has got long enough for that to tell
 * and twice as long as when it was measured last: log₂ κ times at most.
 */
export class BestIterate {
  /** Products spent on residuals. */
  numMatvecs = 0;
  private x: Tensor1D | null = null;
  private lastLength = 0;

  /** @param residualNorm of the start; like all norms and iterates here it belongs to the scaled system */
  constructor(
    private readonly system: LinearSystem,
    private residualNorm: number,
  ) {}

  /**
   * Whether the residual of x is to be measured.
   *
   * @param length ‖x‖
   * @param norm ‖A + δI‖, as far as it is known
   * @param claimed the residual as the recurrence has it
   */
  isDue(length: number, norm: number, claimed: number): boolean {
    return length >= 2 * this.lastLength && 1e3 * FLOAT32_EPSILON * norm * length >= claimed;
  }

  /**
   * Measures the residual of x, for a product.
   *
   * @param length ‖x‖
   * @returns ‖b - (A + δI)x‖
   */
  *measure(x: Tensor1D, length: number): SolverSteps<number> {
    const residual = residualOf(this.system, x);
    const square = innerProducts([residual, residual]);
    residual.dispose();
    this.numMatvecs++;
    this.lastLength = length;
    const residualNorm = Math.sqrt((yield square)[0]!);
    this.offer(x, residualNorm);
    return residualNorm;
  }

  /** Keeps x, which stays the caller's, if its residual is the smallest so far. */
  offer(x: Tensor1D, residualNorm: number): void {
    // A start whose residual is not finite is no better than anything.
    if (residualNorm < this.residualNorm || Number.isNaN(this.residualNorm)) this.take(x, residualNorm);
  }

  /** Keeps x, which stays the caller's, whatever was before. */
  take(x: Tensor1D, residualNorm: number): void {
    this.dispose();
    this.x = clone(x);
    this.residualNorm = residualNorm;
  }

  /** The best iterate at its own scale. */
  result(status: SolveStatus, numIterations: number, numMatvecs: number): SolveResult {
    const { goal, scale } = this.system;
    const start = this.x == null ? startOf(this.system) : null;
    const x: Tensor1D = mul((this.x ?? start)!, scale);
    start?.dispose();
    let truth = status;
    if (status === 'stagnated' && this.residualNorm <= goal) truth = 'converged';
    // The recurrence may promise a little more than rounding lets x keep.
    if (status === 'converged' && !(this.residualNorm <= 1.5 * goal)) truth = 'stagnated';
    return {
      x,
      residualNorm: scale * this.residualNorm,
      status: truth,
      numIterations,
      numMatvecs: numMatvecs + this.numMatvecs,
      dispose: () => release(x),
    };
  }

  dispose(): void {
    release(this.x);
  }
}
