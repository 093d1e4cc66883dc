import type { SeededRandom } from '../random.js';
import { Confirmation } from './confirmation.js';
import type { SolverSteps } from './drive.js';
import type { Extension, LanczosFactorization } from './lanczos-factorization.js';
import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import type { LanczosPlan } from './lanczos-options.js';
import type { RitzPairs } from './projected-eigenproblem.js';
import { solveProjected } from './projected-eigenproblem.js';
import { requireSymmetric } from './require-symmetric.js';
import { zeroThreshold } from './zero-threshold.js';

/**
 * Up to this residual, in units of the tolerance, several start vectors are multiplied as a block. Tried along SGD steps of
 * the MNIST net with 1, 5 and 10 pairs and tolerances from 5e-2 to 1e-3: factors of 0.8 and 1.5 differed by 2 products at
 * most, a block throughout took up to 4 times as many.
 */
const BLOCK_RESIDUAL = 1.5;

/** The policy of a Lanczos run: what to multiply next, when to restart, and when to believe what was found. */
export class LanczosSearch {
  /** The pairs as they were last computed; null before the first time. */
  ritz: RitzPairs | null = null;
  /** Whether all products were finite. */
  isFinite = true;
  /** What is zero to rounding; asked for where products look wrong, since that costs some. */
  private zero = 0;

  private confirmation: Confirmation;
  private restarts = 0;

  /** @param factorization with its start vectors pending; extended here */
  constructor(
    private readonly factorization: LanczosFactorization,
    private readonly plan: LanczosPlan,
    private readonly random: SeededRandom,
    private readonly where: string,
  ) {
    this.confirmation = new Confirmation(plan, factorization.pending.length);
  }

  /** How many of the wanted pairs are within the tolerance. */
  get numConverged(): number {
    const { ritz } = this;
    if (ritz == null) return 0;
    return ritz.residualNorms.filter((norm, i) => norm <= this.threshold(ritz.values[i]!)).length;
  }

  /** Extends and restarts until the wanted pairs have converged and are believed, or the work allowed is done. */
  *run(): SolverSteps<void> {
    yield* this.search();
    // What is rounding alone converges to nothing: a pair that has not may be zero.
    if (this.isFinite && this.numConverged < this.plan.k)
      this.zero = yield* zeroThreshold(this.factorization.operator);
  }

  private *search(): SolverSteps<void> {
    const { factorization, plan } = this;
    if (factorization.pending.length > 1 && (yield* this.begin()) === 'nonFinite') {
      this.isFinite = false;
      return;
    }
    const { confirmation } = this;
    for (;;) {
      if ((yield* factorization.extend(this.nextRow())) === 'nonFinite') {
        this.isFinite = false;
        if (factorization.processed.length > 0) this.solve();
        return;
      }
      this.zero = yield* requireSymmetric(this.factorization, this.zero, this.where);
      const isFull = factorization.basis.rows > plan.krylovDim;
      const isSpent = factorization.pending.length === 0;
      if (isFull || isSpent || confirmation.isChallenging || this.isDue()) {
        this.solve();
        this.report();
        if (isSpent && factorization.isComplete) return;
        if (this.numConverged === plan.k) {
          if (yield* this.settle()) return;
        } else {
          confirmation.unsettled();
          if (confirmation.wantsCompany(factorization.numMatvecs)) yield* this.invite('active');
        }
      }
      if (factorization.pending.length === 0 && !(yield* this.invite('exhausted'))) return;
      if (factorization.basis.rows > plan.krylovDim) {
        if (this.restarts++ >= plan.maxRestarts) return;
        factorization.restart(this.ritz!.vectors.slice(0, this.rowsToKeep()));
      }
    }
  }

  /**
   * The first product of a run from several vectors, which is that of their sum. It tells whether their span is nearly
   * invariant. If so they go on as a block, which takes little more than a product for each of them; if not, as one
   * chain from the sum, since a block spends a product on each of them wherever a chain spends one.
   */
  private *begin(): SolverSteps<Extension> {
    const { factorization, plan } = this;
    factorization.gatherPending();
    const extension = yield* factorization.extend();
    if (extension === 'extended' && factorization.firstResidual() > BLOCK_RESIDUAL * plan.tol) {
      factorization.foldPending();
      this.confirmation = new Confirmation(plan, 1);
    }
    return extension;
  }

  private solve(): void {
    this.ritz = solveProjected(this.factorization, this.plan.which, this.plan.k);
  }

  /** Whether the pairs, all within the tolerance, are final; if not, they are put to a test. */
  private *settle(): SolverSteps<boolean> {
    const { numMatvecs, norm, pending, isComplete } = this.factorization;
    // No random vector can join a basis of all of R^n: what it hides lies in the rows that are still to be multiplied.
    if (isComplete && pending.length > 0 && this.plan.confirm > 0) return false;
    const verdict = this.confirmation.judge(this.ritz!, norm, numMatvecs, pending.length);
    if (verdict === 'challenge') return !(yield* this.invite('active'));
    return verdict === 'accept';
  }

  /** Lets a random start vector join, if there is a direction left and room for it at a restart. */
  private *invite(others: 'active' | 'exhausted'): SolverSteps<boolean> {
    const { factorization, plan } = this;
    if (factorization.pending.length >= Math.max(1, plan.krylovDim - plan.k)) return false;
    if ((yield* factorization.includeRandom(this.random)) !== 'extended') return false;
    this.confirmation.joined(factorization.numMatvecs, others);
    return true;
  }

  /** The pending row to multiply next. */
  private nextRow(): number {
    const { ritz, factorization } = this;
    const { pending, processed } = factorization;
    const { order } = this.confirmation;
    if (order === 'newest') return pending.at(-1)!;
    const isCurrent = ritz != null && ritz.vectors[0]!.length === processed.length;
    if (order === 'oldest' || pending.length === 1 || !isCurrent) return pending[0]!;
    const worst = ritz.residualNorms.findIndex((norm, i) => norm > this.threshold(ritz.values[i]!));
    if (worst < 0) return pending[0]!;
    const image = factorization.apply(ritz.vectors[worst]!);
    return pending.reduce((best, row) => (Math.abs(image[row]!) > Math.abs(image[best]!) ? row : best));
  }

  /**
   * How many Ritz vectors survive a restart: the wanted ones and half of the others, which keeps the part of the
   * space that converges next (Wu & Simon 2000, §4; as many as ARPACK keeps), but never so many that no room is
   * left. Pairs that have converged are among them: locked, they cost no further product.
   */
  private rowsToKeep(): number {
    const { pending, processed } = this.factorization;
    const generous = this.plan.k + Math.floor((processed.length - this.plan.k) / 2);
    return Math.max(Math.min(generous, this.plan.krylovDim - pending.length), 1);
  }

  /** The dense problem is solved after every product at first, later every 5 %. */
  private isDue(): boolean {
    const { length } = this.factorization.processed;
    return length >= this.plan.k && (length <= 40 || length % Math.ceil(length / 20) === 0);
  }

  private threshold(value: number): number {
    if (Math.abs(value) <= this.zero) return this.zero;
    return Math.max(this.plan.tol * Math.abs(value), 10 * FLOAT32_EPSILON * this.factorization.norm);
  }

  private report(): void {
    this.plan.onProgress?.({
      numMatvecs: this.factorization.numMatvecs,
      numConverged: this.numConverged,
      ritzValues: this.ritz!.values.slice(0, this.plan.k),
      residualNorms: this.ritz!.residualNorms.slice(),
    });
  }
}
