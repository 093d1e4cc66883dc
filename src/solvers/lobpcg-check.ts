import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { reshape } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import { independentOf } from './block-search.js';
import { isImprobableAfter } from './confirmation.js';
import { LobpcgBlock } from './lobpcg-block.js';
import type { LobpcgPlan } from './lobpcg-options.js';
import type { MultipliedRows } from './multiplied-rows.js';
import type { BlockOperators } from './multiply-rows.js';
import type { EigenStatus } from './result.js';

/**
 * A look for eigenvalues beyond some that are known: LOBPCG of one random vector, orthogonal to the eigenvectors known. It is
 * over as soon as one beyond the limit shows, or would have shown with a probability of 99 %. That is so for Lanczos, with which
 * LOBPCG of one vector nearly keeps up for B = T = I.
 */
export class LobpcgCheck extends LobpcgBlock {
  /** Of the values met, the farthest from the limit on this side of it. */
  private farthest: number;

  /**
   * @param known B-orthonormal eigenvectors, fewer than n; they stay the caller's
   * @param limit the value beyond which no eigenvalue may be overlooked
   */
  constructor(
    operators: BlockOperators,
    plan: LobpcgPlan,
    where: string,
    private readonly known: MultipliedRows,
    private readonly limit: number,
  ) {
    super(operators, plan, where);
    this.farthest = limit;
  }

  /**
   * @param start a random vector, which is disposed
   * @returns null where it is over, else what it ends with
   */
  *run(start: Tensor1D): SolverSteps<EigenStatus | null> {
    const { plan, known } = this;
    const { budget } = this.products;
    const [rows, size] = known.rows.shape;
    const row: Tensor2D = reshape(start, [1, size]);
    start.dispose();
    this.present = yield* this.multiplied((yield* independentOf(row, [known]))!);
    for (let products = 1; this.present != null; products++) {
      if (!(yield* this.improve())) return 'nonFinite';
      const share = this.distance / this.before(this.farthest);
      const isOver = products >= plan.confirm || isImprobableAfter(products, share, size - rows);
      if (this.distance < 0 || isOver) return null;
      const search = yield* this.searchRows();
      if (search == null) return budget.allows() ? null : budget.status;
      this.gather(search);
    }
    return budget.status;
  }

  /** The vector that has shown an eigenvalue beyond the limit, owned by the caller; null where none has. */
  take(): MultipliedRows | null {
    if (!(this.distance < 0)) return null;
    const { present } = this;
    this.present = null;
    return present;
  }

  protected override get blockSize(): number {
    return 1;
  }

  protected override get spans(): MultipliedRows[] {
    return [this.known, ...super.spans];
  }

  protected override *improve(): SolverSteps<boolean> {
    const isFinite = yield* super.improve();
    for (const value of Array.from(this.spanValues)) {
      if (this.before(value) > this.before(this.farthest)) this.farthest = value;
    }
    return isFinite;
  }

  /** That of the present vector. */
  private get distance(): number {
    return this.before(this.values[0]!);
  }

  /** How far a value lies before the limit; below 0 beyond it. */
  private before(value: number): number {
    return this.plan.which === 'LA' ? this.limit - value : value - this.limit;
  }
}
