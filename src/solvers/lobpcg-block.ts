import type { Tensor1D } from '@tensorflow/tfjs-core';
import { div, tidy } from '@tensorflow/tfjs-core';
import { rowOf } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { directionsOf } from './block-directions.js';
import { BlockRun } from './block-run.js';
import { independentOf, preconditioned } from './block-search.js';
import type { LobpcgPlan } from './lobpcg-options.js';
import type { MultipliedRows } from './multiplied-rows.js';
import { combined, joined, releaseRows } from './multiplied-rows.js';
import type { BlockOperators } from './multiply-rows.js';
import { NormalizedOperator } from './normalized-operator.js';
import { rayleighRitz } from './rayleigh-ritz.js';
import type { EigenStatus } from './result.js';
import { release } from './vector-arithmetic.js';

const policy = { patience: 100, late: 10 };

/** After so many iterations all vectors are multiplied afresh. */
const STALE = 20;

/** The iteration of LOBPCG: the block X of present vectors, and the directions P that led to them. */
export abstract class LobpcgBlock extends BlockRun<LobpcgPlan> {
  /** All values of the latest step of Rayleigh and Ritz, those of the block first. */
  protected spanValues: ArrayLike<number> = [];
  private readonly preconditioner: NormalizedOperator | null;
  private directions: MultipliedRows | null = null;

  constructor(operators: BlockOperators, plan: LobpcgPlan, where: string) {
    super(operators, plan, where, 0, policy);
    const { preconditioner } = plan;
    this.preconditioner = preconditioner == null ? null : new NormalizedOperator(preconditioner);
  }

  override dispose(): void {
    super.dispose();
    releaseRows(this.directions);
  }

  protected override *improve(): SolverSteps<boolean> {
    this.gather(null);
    const all = this.present!;
    const ritz = yield* rayleighRitz(all, this.plan.which, this.where);
    if (ritz == null) return false;
    yield* this.observe(ritz);
    const count = Math.min(this.blockSize, ritz.values.length);
    const chosen = ritz.coefficients.slice(0, count);
    const before = this.values.length;
    this.spanValues = ritz.values;
    this.values = ritz.values.slice(0, count);
    this.present = combined(chosen, all);
    const along = before === 0 ? [] : directionsOf(chosen, before, ritz);
    this.directions = along.length === 0 ? null : combined(along, all);
    releaseRows(all);
    return yield* this.measure();
  }

  protected override *widen(iteration: number): SolverSteps<EigenStatus | null> {
    const { budget } = this.products;
    if (iteration % STALE === 0 && budget.allows(2 * this.values.length)) {
      yield* this.renewDirections();
      if (!(yield* this.refresh(this.values.length))) return 'nonFinite';
    }
    const search = yield* this.searchRows();
    if (search == null) return budget.allows() ? 'invariantSubspace' : budget.status;
    this.gather(search);
    return null;
  }

  /** Multiplies the directions afresh. Where the run is stopped meanwhile they stay as they are. */
  private *renewDirections(): SolverSteps<void> {
    if (this.directions == null) return;
    const fresh = yield* this.renewed(this.directions, this.directions.rows.shape[0]);
    if (fresh == null) return;
    releaseRows(this.directions);
    this.directions = fresh;
  }

  /** Makes one block of all rows there are, the present vectors first. */
  protected gather(search: MultipliedRows | null): void {
    const parts = [this.present, this.directions, search].filter((part) => part != null);
    this.directions = null;
    this.present = joined(...parts);
  }

  /**
   * Rows to widen the span by: preconditioned residuals of what has not converged, and random vectors where the block is short of
   * some, multiplied; null for none.
   */
  protected *searchRows(): SolverSteps<MultipliedRows | null> {
    const { residualNorms } = this.pairs;
    const open = this.pairs.open(this.tolerance);
    const missing = this.blockSize - this.values.length;
    if (open.length + missing === 0) return null;
    const residual = this.residual();
    const units = tidy(() => open.map((i): Tensor1D => div(rowOf(residual, i), residualNorms[i]!)));
    release(residual);
    for (let i = 0; i < missing; i++) units.push(this.randomUnit());
    const rows = yield* preconditioned(this.preconditioner, units, this.where);
    const fresh = yield* independentOf(rows, this.spans);
    return fresh == null ? null : yield* this.multiplied(fresh);
  }

  /** What search directions have to be independent of. */
  protected get spans(): MultipliedRows[] {
    return [this.present, this.directions].filter((span) => span != null);
  }
}
