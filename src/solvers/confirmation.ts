import { FLOAT32_EPSILON } from './lanczos-factorization.js';
import type { LanczosPlan } from './lanczos-options.js';
import type { RitzPairs } from './projected-eigenproblem.js';

/** Which pending row to multiply next. */
export type Order = 'oldest' | 'newest' | 'mostUrgent';

/** What to do with pairs that are all within the tolerance. */
export type Verdict = 'accept' | 'continue' | 'challenge';

/**
 * Decides whether converged pairs may be believed.
 *
 * A Krylov space holds one vector of each eigenspace and only what its start vector contains: copies of a
 * repeated eigenvalue are invisible to it, and so for long is an eigenvector of which the start vector has little.
 * Residuals cannot tell. So a run started from one random vector goes on for min(3k, krylovDim) products; then
 * fresh random vectors join it, as long as the wanted pairs contain a cluster of as many eigenvalues as there
 * have been start vectors, and the pairs are believed once they survive some products on the newest one.
 *
 * It may take more of them: within max(20, 3k + 2) products in all the newest goes on for as long as a pair that is not
 * wanted may, by its residual, still turn out to be.
 *
 * A run started from given vectors, such as the eigenvectors of a step before, may converge to pairs that were once the
 * wanted ones and have been overtaken since. There a random vector joins in any case. What it brings up is put to the
 * same tests in its turn.
 */
export class Confirmation {
  private remaining = 0;
  private isChallenged = false;
  private readonly warm: boolean;

  /** For each start vector so far the number of products spent before it joined. */
  private joins: number[];

  /** @param chains number of start vectors the run begins with */
  constructor(
    private readonly plan: LanczosPlan,
    chains: number,
  ) {
    this.warm = plan.startVectors != null;
    this.joins = new Array<number>(chains).fill(-Infinity);
  }

  /** Whether products are at present spent on confirmation. */
  get isChallenging(): boolean {
    return this.remaining > 0;
  }

  /**
   * Which row to multiply next. In a run of several start vectors none is left behind; after a challenge the one
   * goes first that the worst of the wanted pairs asks for. During a challenge: what one start vector cannot see
   * only the second can show, what several hide may lie in any of them.
   */
  get order(): Order {
    if (this.remaining > 0) return this.warm || this.joins.length === 2 ? 'newest' : 'oldest';
    return this.isChallenged ? 'mostUrgent' : 'oldest';
  }

  /**
   * Notes that one more start vector has joined.
   *
   * @param numMatvecs products spent so far
   * @param others whether the start vectors before have given all they had, or go on
   */
  joined(numMatvecs: number, others: 'exhausted' | 'active'): void {
    if (others === 'exhausted') this.joins.fill(-Infinity);
    this.joins.push(numMatvecs);
  }

  /** Whether a run that has not converged has lasted long enough for a second random vector to join. */
  wantsCompany(numMatvecs: number): boolean {
    const { confirm, patience, krylovDim } = this.plan;
    return this.joins.length === 1 && confirm > 0 && numMatvecs >= patience && krylovDim >= 3 * patience;
  }

  /** Notes that a wanted pair is not within the tolerance: what is being confirmed was not the whole truth. */
  unsettled(): void {
    // Start vectors that were refuted once say nothing of what has come up in their place.
    if (this.warm && this.remaining > 0) this.isChallenged = false;
    this.remaining = 0;
  }

  /**
   * @param ritz the k wanted pairs, all within the tolerance
   * @param norm estimate of ‖A‖₂
   * @param numMatvecs products spent so far
   * @param numPending rows still to be multiplied
   */
  judge(ritz: RitzPairs, norm: number, numMatvecs: number, numPending: number): Verdict {
    const { confirm, patience, k, krylovDim } = this.plan;
    if (confirm === 0) return 'accept';
    if (this.remaining > 0) {
      const mayBeOvertaken = this.remaining === 1 && numMatvecs < patience && ritz.isRivalled();
      if (!mayBeOvertaken) this.remaining--;
      if (this.remaining > 0) return 'continue';
    }
    if (!this.warm && numMatvecs < Math.min(3 * k, krylovDim)) return 'continue';
    this.remaining = this.challengeFor(ritz, norm, numMatvecs, numPending);
    if (this.remaining === 0) return 'accept';
    this.isChallenged = true;
    return 'challenge';
  }

  /** How many products to spend on a fresh random vector. */
  private challengeFor(ritz: RitzPairs, norm: number, numMatvecs: number, numPending: number): number {
    const { confirm, patience } = this.plan;
    // A short run is confirmed within its patience; one that has outlasted it can afford the products.
    const early = numMatvecs < patience ? patience - numMatvecs : Infinity;
    // A start vector counts once it has had its share of the products.
    const mature = this.joins.filter((joined) => numMatvecs - joined >= confirm * numPending).length;
    const isSuspicious = this.largestCluster(ritz, norm) >= Math.max(2, mature);
    if (isSuspicious) return Math.min(confirm * (numPending + 1), early);
    const isUntested = this.joins.length === 1 || (this.warm && !this.isChallenged);
    return isUntested ? Math.min(confirm, early) : 0;
  }

  /**
   * The number of wanted eigenvalues in the largest group that may be one repeated eigenvalue, of which a further
   * copy would push out the last wanted one. A Ritz value is off by r²/gap, with a gap of at least a tenth of the
   * norm, and by rounding.
   */
  private largestCluster({ values, residualNorms }: RitzPairs, norm: number): number {
    let largest = 1;
    let length = 1;
    for (let i = 1; i < this.plan.k; i++) {
      const squares = residualNorms[i]! ** 2 + residualNorms[i - 1]! ** 2;
      const error = (10 * squares) / norm + 4 * FLOAT32_EPSILON * norm;
      if (Math.abs(values[i]! - values[i - 1]!) <= error) length++;
      else {
        largest = Math.max(largest, length);
        length = 1;
      }
    }
    return largest;
  }
}
