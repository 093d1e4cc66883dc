import type { LanczosPlan } from './lanczos-options.js';

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
 */
export class Confirmation {
  private remaining = 0;
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
   * Which row to multiply next. What one start vector cannot see, only the second can show; what several hide
   * may lie in any of them.
   */
  get order(): 'oldest' | 'newest' {
    return this.remaining > 0 && this.joins.length === 2 ? 'newest' : 'oldest';
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
    return this.joins.length === 1 && this.plan.confirm > 0 && numMatvecs >= this.plan.patience;
  }

  /** Notes that a wanted pair is not within the tolerance: what is being confirmed was not the whole truth. */
  unsettled(): void {
    this.remaining = 0;
  }

  /**
   * @param values the k wanted eigenvalues, all within the tolerance
   * @param numMatvecs products spent so far
   * @param numPending rows still to be multiplied
   */
  judge(values: Float64Array, numMatvecs: number, numPending: number): Verdict {
    const { confirm, patience, k, krylovDim } = this.plan;
    if (this.remaining > 0) return --this.remaining > 0 ? 'continue' : 'accept';
    if (confirm === 0) return 'accept';
    if (!this.warm && numMatvecs < Math.min(3 * k, krylovDim)) return 'continue';
    // A start vector counts once it has had its share of the products.
    const mature = this.joins.filter((joined) => numMatvecs - joined >= confirm * numPending).length;
    if (this.largestCluster(values) >= Math.max(2, mature)) this.remaining = confirm * (numPending + 1);
    else if (this.joins.length === 1) this.remaining = Math.min(confirm, patience - numMatvecs);
    return this.remaining > 0 ? 'challenge' : 'accept';
  }

  /** The number of wanted eigenvalues in the largest group that the tolerance does not tell apart. */
  private largestCluster(values: Float64Array): number {
    let largest = 1;
    let length = 1;
    for (let i = 1; i < values.length; i++) {
      const close = Math.abs(values[i]! - values[i - 1]!) <= this.plan.tol * Math.abs(values[i]!);
      length = close ? length + 1 : 1;
      largest = Math.max(largest, length);
    }
    return largest;
  }
}
