import { Confirmation, limitsBeyond } from './confirmation.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { KrylovSearch } from './krylov-search.js';
import type { LanczosFactorization } from './lanczos-factorization.js';
import type { LanczosPlan } from './lanczos-options.js';
import type { RitzPairs } from './projected-eigenproblem.js';
import { solveProjected } from './projected-eigenproblem.js';
import { requireSymmetric } from './require-symmetric.js';
import { MARGIN } from './search-policy.js';
import { resultOrder } from '../symmetric-eigen.js';
import { zeroWithin } from './zero-threshold.js';

/**
 * Up to this residual, in units of the tolerance, several start vectors are multiplied as a block. Tried along SGD steps of
 * the MNIST net with 1, 5 and 10 pairs and tolerances from 5e-2 to 1e-3: factors of 0.8 and 1.5 differed by 2 products at
 * most, a block throughout took up to 4 times as many.
 */
const BLOCK_RESIDUAL = 1.5;

/** The search of a Lanczos run. */
export class LanczosSearch extends KrylovSearch<LanczosFactorization, LanczosPlan, RitzPairs, Confirmation> {
  protected readonly stepProducts = 1;

  /** Which of the pairs are wanted, in the order in which they are handed out. */
  order(): number[] {
    const { ritz, plan } = this;
    return ritz == null ? [] : resultOrder(ritz.values.subarray(0, plan.k), plan.which);
  }

  /**
   * The first product of a run from several vectors, which is that of their sum. It tells whether their span is nearly
   * invariant. If so they go on as a block, which takes little more than a product for each of them; if not, as one
   * chain from the sum, since a block spends a product on each of them wherever a chain spends one.
   */
  protected override *begin(): SolverSteps<boolean> {
    const { factorization, plan } = this;
    if (factorization.pending.length <= 1) return true;
    factorization.gatherPending();
    const extension = yield* factorization.extend();
    if (extension === 'extended' && factorization.firstResidual() > BLOCK_RESIDUAL * plan.tol) {
      factorization.foldPending();
    }
    return extension !== 'nonFinite';
  }

  protected override *step(row: number): SolverSteps<boolean> {
    const { factorization } = this;
    if ((yield* factorization.extend(row)) === 'nonFinite') return false;
    this.zero = yield* requireSymmetric(factorization, this.zero, this.where);
    this.check?.observe(row, factorization.column(row));
    return true;
  }

  protected override solve(): void {
    this.ritz = solveProjected(this.factorization, this.plan.which, this.plan.k);
  }

  protected override valueAt({ values }: RitzPairs, i: number): number {
    return values[i]!;
  }

  protected override imageOf({ vectors }: RitzPairs, i: number): Float64Array | null {
    const { factorization } = this;
    return vectors[0]!.length === factorization.processed.length ? factorization.apply(vectors[i]!) : null;
  }

  protected override restartWith(kept: number): () => void {
    const { factorization, check } = this;
    const weights = factorization.restart(this.ritz!.vectors.slice(0, kept));
    return () => check!.rotate(weights.slice(0, factorization.basis.rows));
  }

  protected override createCheck(): () => Confirmation {
    const { factorization, plan } = this;
    const { rows } = factorization.basis;
    return () => {
      const wanted = this.ritz!.values.subarray(0, plan.k);
      const limits = limitsBeyond(plan.which, wanted, (value) => MARGIN * this.threshold(value));
      return new Confirmation(limits, rows, factorization.operator.size);
    };
  }

  protected override *includeRandom(): SolverSteps<boolean> {
    return (yield* this.factorization.includeRandom(this.random)) === 'extended';
  }

  protected override *findZero(): SolverSteps<void> {
    const { budget, operator } = this.factorization;
    this.zero = (yield* zeroWithin(budget, operator)) ?? this.zero;
  }

  protected override report(): void {
    const { values, residualNorms } = this.ritz!;
    const order = this.order();
    this.plan.onProgress?.({
      numMatvecs: this.factorization.numMatvecs,
      numConverged: this.numConverged,
      ritzValues: Float64Array.from(order, (i) => values[i]!),
      residualNorms: Float64Array.from(order, (i) => residualNorms[i]!),
    });
  }
}
