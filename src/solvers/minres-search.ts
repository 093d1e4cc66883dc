import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import type { MeasuredResidual } from './best-iterate.js';
import { BestIterate, LEAST_GAIN } from './best-iterate.js';
import type { LinearSystem, SolveResult, SolveStatus } from './linear-solve.js';
import type { CorrectionRun } from './minres-run.js';
import { MinresRun } from './minres-run.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { PreconditionedMinresRun } from './preconditioned-minres-run.js';
import { release } from './vector-arithmetic.js';

/** A residual so much larger than the recurrence had it before the step: far more than rounding, and less than a step along zero does. */
const JUMP = 1.1;

/** An iterate with its residual. */
interface MeasuredIterate extends MeasuredResidual {
  readonly y: Tensor1D;
}

/** The iterates of one solve, of the scaled system. */
export class MinresSearch {
  private readonly best: BestIterate;
  private numIterations = 0;

  /**
   * @param y the start, taken over
   * @param length ‖y‖
   * @param start its residual; taken over by {@link iterate}
   */
  constructor(
    private readonly system: LinearSystem,
    private readonly preconditioner: NormalizedOperator | null,
    private readonly krylovDim: number,
    private y: Tensor1D,
    private length: number,
    private readonly start: MeasuredResidual,
    private readonly where: string,
  ) {
    this.best = new BestIterate(system, y, start.residualNorm);
  }

  /** Runs of MINRES, each from the residual measured at the end of the one before. */
  *iterate(): SolverSteps<SolveStatus> {
    const { products, goal, maxIterations } = this.system;
    const { budget } = products;
    let { residual, residualNorm } = this.start;
    let before = Infinity;
    for (;;) {
      const isOver = residualNorm <= goal || !Number.isFinite(residualNorm);
      const isSpent = this.numIterations >= maxIterations;
      if (isOver || isSpent || !budget.allows() || residualNorm > LEAST_GAIN * before) {
        residual.dispose();
        if (isOver) return residualNorm <= goal ? 'converged' : 'nonFinite';
        if (isSpent) return 'maxIterations';
        return budget.allows() ? 'stagnated' : budget.status;
      }
      const run: CorrectionRun =
        this.preconditioner == null
          ? new MinresRun(products, residual, residualNorm, this.krylovDim, this.where)
          : yield* PreconditionedMinresRun.begin(products, this.preconditioner, residual, this.where);
      try {
        const end = yield* this.follow(run, Math.min(goal, residualNorm / 2));
        if (typeof end === 'string') return end;
        before = residualNorm;
        ({ residual, residualNorm } = end);
      } finally {
        run.dispose();
      }
    }
  }

  /** The best iterate, as the result. */
  result(status: SolveStatus): SolverSteps<SolveResult> {
    return this.best.result(status, this.numIterations);
  }

  dispose(): void {
    release(this.y);
    this.best.dispose();
  }

  /**
   * Follows a run until it ends, claims to be where it is to go, or has drifted: its residual is twice what it says.
   *
   * @param aim the residual to go to
   * @returns the residual of the iterate that it has led to, owned by the caller
   */
  private *follow(run: CorrectionRun, aim: number): SolverSteps<MeasuredResidual | SolveStatus> {
    const { products, maxIterations, onProgress } = this.system;
    const { budget } = products;
    for (;;) {
      const { residualNorm: claimed } = run;
      const step = yield* run.step();
      this.numIterations++;
      if (run.size === 0) return step === 'nonFinite' ? step : 'stagnated';
      onProgress(run.residualNorm);
      const isSpent = this.numIterations >= maxIterations || !budget.allows();
      const isOver = step !== 'taken' || run.residualNorm <= aim || isSpent;
      const length = this.length + run.length;
      if (!isOver && !this.best.isDue(length, run.norm, run.residualNorm)) continue;
      const last = yield* this.measured(run.correction(), length);
      if (!isOver && budget.allows() && last.residualNorm <= 2 * run.residualNorm) {
        release(last.y, last.residual);
        continue;
      }
      const { y, residual, residualNorm } = yield* this.withoutJump(last, run, claimed);
      this.y.dispose();
      this.y = y;
      this.length = length;
      if (step !== 'nonFinite') return { residual, residualNorm };
      residual.dispose();
      return step;
    }
  }

  /** y and a correction, which is disposed, with the residual of both. Owned by the caller. */
  private *measured(correction: Tensor1D, length: number): SolverSteps<MeasuredIterate> {
    const y: Tensor1D = add(this.y, correction);
    correction.dispose();
    let isDone = false;
    try {
      const measured = yield* this.best.measure(y, length);
      isDone = true;
      return { ...measured, y };
    } finally {
      if (!isDone) y.dispose();
    }
  }

  /**
   * The last iterate, or the one before it where the last step has made x twice as long and the residual larger: so does one along
   * what is zero to rounding, after a least-squares solution has been come by.
   *
   * @param last given back, or released
   * @param claimed the residual of the one before, as the recurrence has it
   */
  private *withoutJump(
    last: MeasuredIterate,
    run: CorrectionRun,
    claimed: number,
  ): SolverSteps<MeasuredIterate> {
    const isWorse = last.residualNorm > JUMP * claimed && this.system.products.budget.allows();
    let kept: MeasuredIterate | null = null;
    try {
      const correction = isWorse ? run.correctionBefore() : null;
      const before = correction == null ? null : yield* this.measured(correction, this.length + run.length);
      kept = before != null && before.residualNorm < last.residualNorm ? before : last;
      const other = kept === last ? before : last;
      release(other?.y, other?.residual);
      return kept;
    } finally {
      if (kept == null) release(last.y, last.residual);
    }
  }
}
