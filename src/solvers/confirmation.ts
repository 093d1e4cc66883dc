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

  /** @param chains number of start vectors of the run so far */
  constructor(
    private readonly plan: LanczosPlan,
    private chains: number,
  ) {
    this.warm = plan.startVectors != null;
  }

  /** Whether products are at present spent on the newest start vector. */
  get isChallenging(): boolean {
    return this.remaining > 0;
  }

  /** Notes that one more start vector has joined. */
  joined(): void {
    this.chains++;
  }

  /** Whether a run that has not converged has lasted long enough for a second random vector to join. */
  wantsCompany(numMatvecs: number): boolean {
    return this.chains === 1 && this.plan.confirm > 0 && numMatvecs >= this.plan.patience;
  }

  /** Notes that a wanted pair is not within the tolerance: what is being confirmed was not the whole truth. */
  unsettled(): void {
    this.remaining = 0;
  }

  /**
   * @param values the k wanted eigenvalues, all within the tolerance
   * @param numMatvecs products spent so far
   */
  judge(values: Float64Array, numMatvecs: number): Verdict {
    const { confirm, patience, k, krylovDim } = this.plan;
    if (this.remaining > 0) return --this.remaining > 0 ? 'continue' : 'accept';
    if (confirm === 0) return 'accept';
    if (!this.warm && numMatvecs < Math.min(3 * k, krylovDim)) return 'continue';
    const isSuspicious = this.chains > 1 && this.largestCluster(values) >= this.chains;
    this.remaining = isSuspicious
      ? 2 * confirm
      : this.chains > 1
        ? 0
        : Math.min(confirm, patience - numMatvecs);
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
