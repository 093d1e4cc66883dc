import type { SolverSteps } from '../tfjs/drive.js';
import { LobpcgBlock } from './lobpcg-block.js';
import { LobpcgCheck } from './lobpcg-check.js';
import type { LobpcgPlan } from './lobpcg-options.js';
import { multipliedRows, releaseRows } from './multiplied-rows.js';
import type { BlockOperators } from './multiply-rows.js';
import type { EigenStatus } from './result.js';
import { MARGIN } from './search-policy.js';

/**
 * One run of LOBPCG.
 *
 * Residuals do not tell of an eigenvector that the block has nothing of, or so little that the tolerance is met without it. So
 * a run ends with a {@link LobpcgCheck}, and what that finds joins the block.
 */
export class LobpcgRun extends LobpcgBlock {
  /** Whether nothing is left to check. */
  private isConfirmed: boolean;

  constructor(operators: BlockOperators, plan: LobpcgPlan, where: string) {
    super(operators, plan, where);
    this.isConfirmed = plan.confirm === 0 || plan.k === operators.products.size;
  }

  protected override get isDone(): boolean {
    return this.isConfirmed && super.isDone;
  }

  protected override *widen(iteration: number): SolverSteps<EigenStatus | null> {
    return yield* super.isDone ? this.check() : super.widen(iteration);
  }

  private *check(): SolverSteps<EigenStatus | null> {
    const { plan, where, operators, tolerance } = this;
    const { k, which } = plan;
    const margin = MARGIN * this.pairs.margin(k - 1, tolerance);
    const limit = this.values[k - 1]! + (which === 'LA' ? margin : -margin);
    const known = multipliedRows(this.present!, 0, k);
    // However small its residual: a random vector lies near all of a narrow spectrum.
    const ofOne = { ...plan, k: 1, tol: 0, onProgress: () => this.report() };
    const check = new LobpcgCheck(operators, ofOne, where, known, limit);
    try {
      const status = yield* check.run(this.randomUnit());
      const found = check.take();
      this.isConfirmed = found == null;
      if (found != null) this.gather(found);
      return status;
    } finally {
      check.dispose();
      releaseRows(known);
    }
  }
}
