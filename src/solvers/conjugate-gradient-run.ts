import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { BestIterate } from './best-iterate.js';
import { ConjugateDirection } from './conjugate-direction.js';
import { FLOAT32_EPSILON } from '../float32.js';
import type { LinearSystem, SolveResult, SolveStatus } from './linear-solve.js';
import { NormalizedOperator } from './normalized-operator.js';
import { requireDefinite } from './preconditioner.js';
import { distanceToSphere } from './trust-region.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';
import { zeroWithin } from './zero-threshold.js';

/** Ends with the last iterate, whose residual is measured. */
const OF_LAST_ITERATE: ReadonlySet<SolveStatus> = new Set([
  // Up to there the quadratic ½xᵀ(A + δI)x - bᵀx has fallen from step to step, whatever the residuals did.
  'negativeCurvature',
  'maxIterations',
  'maxMatvecs',
  'aborted',
  'trustRegion',
]);

/** The vectors of one run, of the scaled system. */
export class ConjugateGradientRun {
  private y: Tensor1D;
  private residual: Tensor1D;
  private readonly direction: ConjugateDirection;
  private residualNorm = NaN;
  /** ‖y‖ */
  private length = 0;
  /** The iterate of the smallest residual since one was measured: from step to step residuals may grow. */
  private lowest: { readonly y: Tensor1D; readonly residualNorm: number } | null = null;
  private best: BestIterate | null = null;
  private numIterations = 0;
  /** Whether the present residual is that of y, not what the recurrence says. */
  private isMeasured = true;

  /** Scaled as well, as conjugate gradient does not see by what its preconditioner is multiplied. */
  private readonly preconditioner: NormalizedOperator | null;

  /** @param start taken over */
  constructor(
    private readonly system: LinearSystem,
    preconditioner: AnyOperator | null,
    private readonly trustRadius: number,
    start: { readonly y: Tensor1D; readonly residual: Tensor1D },
  ) {
    this.y = start.y;
    this.residual = start.residual;
    this.preconditioner = preconditioner == null ? null : new NormalizedOperator(preconditioner);
    this.direction = new ConjugateDirection(system.products, 'solve');
  }

  *iterate(): SolverSteps<SolveStatus> {
    const { goal, maxIterations, products } = this.system;
    const { budget } = products;
    let confirmed = Infinity;
    let norm = 0;
    let slope = yield* this.turn(null);
    let least = slope;
    const best = new BestIterate(this.system, this.y, this.residualNorm);
    this.best = best;
    for (;;) {
      if (this.residualNorm <= goal) {
        if (this.numIterations === 0) return 'converged';
        // The recurrence drifts away from the residual of x; what counts is the latter.
        yield* this.replaceResidual(best);
        slope = yield* this.turn(null);
        least = slope;
        if (this.residualNorm <= goal) return 'converged';
        if (this.residualNorm > confirmed / 2) return 'stagnated';
        confirmed = this.residualNorm;
      }
      if (!Number.isFinite(this.residualNorm) || !Number.isFinite(slope)) return 'nonFinite';
      if (this.numIterations >= maxIterations) return 'maxIterations';
      if (!budget.allows()) return budget.status;
      if (this.lowest != null && best.isDue(this.length, norm, this.lowest.residualNorm)) {
        const claimed = this.lowest.residualNorm;
        const measured = yield* this.measureLowest(best);
        if (!(measured <= 2 * claimed)) return 'stagnated';
        if (!budget.allows()) return budget.status;
      }
      this.numIterations++;
      const { curvature, length } = yield* this.direction.multiply();
      if (!Number.isFinite(curvature)) return 'nonFinite';
      const quotient = curvature / length ** 2;
      const step = quotient > 0 ? slope / curvature : Infinity;
      if (yield* this.endsOnBoundary(step)) return 'trustRegion';
      if (quotient <= 0) return (yield* this.isZero(quotient, norm)) ? 'stagnated' : 'negativeCurvature';
      norm = Math.max(norm, quotient);
      this.advance(step);
      slope = yield* this.turn(slope);
      const { residualNorm } = this;
      this.system.onProgress(residualNorm);
      // All products were finite, so the step was too long. The error falls in the norm of A, so rᵀz grows over an
      // earlier one by the condition number at most: this one is too large for float32.
      if (!Number.isFinite(residualNorm) || slope > least / FLOAT32_EPSILON) return 'stagnated';
      least = Math.min(least, slope);
    }
  }

  /** Goes as far as the boundary of the trust region, if a step along the direction leads there. */
  private *endsOnBoundary(step: number): SolverSteps<boolean> {
    const { trustRadius, y, direction, system } = this;
    if (trustRadius === Infinity) return false;
    const radius = trustRadius * (system.products.scale / system.scale);
    const most = yield* distanceToSphere(y, direction.vector, radius);
    if (step < most) return false;
    this.advance(most);
    return true;
  }

  /** Whether a curvature that is not positive is no more than rounding: of those before, or of what the product is made of. */
  private *isZero(quotient: number, norm: number): SolverSteps<boolean> {
    if (quotient >= -FLOAT32_EPSILON * norm) return true;
    const { operator, scale, budget } = this.system.products;
    return scale * -quotient <= ((yield* zeroWithin(budget, operator)) ?? 0);
  }

  /** The best iterate or the last one, as the result. */
  *result(status: SolveStatus): SolverSteps<SolveResult> {
    const best = this.best!;
    if (OF_LAST_ITERATE.has(status)) {
      if (!this.isMeasured) yield* this.replaceResidual(best);
      if (!Number.isFinite(this.residualNorm)) return yield* best.result('nonFinite', this.numIterations);
      best.take(this.y, this.residualNorm);
    } else if (!this.isMeasured && this.lowest != null) yield* this.measureLowest(best);
    return yield* best.result(status, this.numIterations);
  }

  dispose(): void {
    release(this.y, this.residual, this.lowest?.y);
    this.direction.dispose();
    this.best?.dispose();
  }

  /** The step along the direction. */
  private advance(length: number): void {
    const { y, residual, direction } = this;
    this.y = plusMultiple(y, direction.vector, length);
    this.residual = plusMultiple(residual, direction.image!, -length);
    this.isMeasured = false;
    release(y, residual);
  }

  /** The residual as it is, for that of the recurrence. */
  private *replaceResidual(best: BestIterate): SolverSteps<void> {
    const { residual, residualNorm } = yield* best.measure(this.y, this.length);
    this.residual.dispose();
    this.residual = residual;
    this.residualNorm = residualNorm;
    this.isMeasured = true;
    this.forgetLowest();
  }

  private *measureLowest(best: BestIterate): SolverSteps<number> {
    const { residual, residualNorm } = yield* best.measure(this.lowest!.y, this.length);
    residual.dispose();
    this.forgetLowest();
    return residualNorm;
  }

  private forgetLowest(): void {
    this.lowest?.y.dispose();
    this.lowest = null;
  }

  /**
   * The next direction: the preconditioned residual z, conjugated unless the run starts afresh.
   *
   * @param before the slope rᵀz of the last direction, or null for a fresh start
   * @returns the slope rᵀz
   */
  private *turn(before: number | null): SolverSteps<number> {
    const { y, residual, direction } = this;
    const z = this.preconditioner == null ? clone(residual) : yield* this.preconditioner.multiply(residual);
    try {
      const image = direction.image ?? z;
      const products = yield innerProducts([residual, z], [residual, residual], [y, y], [z, image], [z, z]);
      const slope = products[0]!;
      this.residualNorm = Math.sqrt(products[1]!);
      if (this.preconditioner != null) {
        requireDefinite(slope, this.residualNorm, Math.sqrt(products[4]!), 'solve');
      }
      this.length = Math.sqrt(products[2]!);
      if (this.residualNorm < (this.lowest?.residualNorm ?? Infinity)) {
        this.forgetLowest();
        this.lowest = { y: clone(y), residualNorm: this.residualNorm };
      }
      if (before == null) direction.restart(z);
      else direction.turn(z, slope / before, products[3]!);
      return slope;
    } finally {
      z.dispose();
    }
  }
}
