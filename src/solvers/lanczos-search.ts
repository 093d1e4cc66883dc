import type { SeededRandom } from '../random.js';
import { Confirmation, limitsBeyond } from './confirmation.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Extension, LanczosFactorization } from './lanczos-factorization.js';
import type { LanczosPlan } from './lanczos-options.js';
import type { RitzPairs } from './projected-eigenproblem.js';
import { solveProjected } from './projected-eigenproblem.js';
import { requireSymmetric } from './require-symmetric.js';
import { convergenceThreshold, isSolveDue, MARGIN, rowsToKeep } from './search-policy.js';
import { resultOrder } from '../symmetric-eigen.js';
import { zeroWithin } from './zero-threshold.js';

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
  /** Whether the products allowed were spent before the run had come to an end. */
  isCut = false;
  /** What is zero to rounding; asked for where products look wrong, since that costs some. */
  private zero = 0;

  /** The check under way. */
  private check: Confirmation | null = null;
  private restarts = 0;

  /** @param factorization with its start vectors pending; extended here */
  constructor(
    private readonly factorization: LanczosFactorization,
    private readonly plan: LanczosPlan,
    private readonly random: SeededRandom,
    private readonly where: string,
  ) {}

  /** Which of the pairs are wanted, in the order in which they are handed out. */
  order(): number[] {
    const { ritz, plan } = this;
    return ritz == null ? [] : resultOrder(ritz.values.subarray(0, plan.k), plan.which);
  }

  /** How many of the wanted pairs are within the tolerance. */
  get numConverged(): number {
    const { ritz } = this;
    if (ritz == null) return 0;
    return ritz.residualNorms.filter((norm, i) => norm <= this.threshold(ritz.values[i]!)).length;
  }

  /** How many of some pairs are within the tolerance, measured after the run. */
  *count(values: Float64Array, residualNorms: Float64Array): SolverSteps<number> {
    const within = (): number => residualNorms.filter((norm, i) => norm <= this.threshold(values[i]!)).length;
    if (within() < values.length) yield* this.findZero();
    return within();
  }

  /** Whether the residuals above the tolerance are, for the most part, what the products lack of symmetry. */
  get isStagnant(): boolean {
    const { ritz, plan } = this;
    if (ritz == null || ritz.residualNorms.length < plan.k || this.numConverged === plan.k) return false;
    return ritz.residualNorms.every((norm, i) => {
      const allowed = this.threshold(ritz.values[i]!);
      const noise = ritz.noiseNorms[i]!;
      return norm <= allowed || (noise > allowed && noise >= Math.SQRT1_2 * norm);
    });
  }

  /** Extends and restarts until the wanted pairs have converged and are believed, or the work allowed is done. */
  *run(): SolverSteps<void> {
    yield* this.search();
    if (this.factorization.isReduced) {
      yield* this.factorization.takeBack();
      this.solve();
    }
    // What is rounding alone converges to nothing: a pair that has not may be zero.
    if (this.isFinite && this.numConverged < this.plan.k) yield* this.findZero();
  }

  /** Asks what is zero to rounding, if that is within the budget. */
  private *findZero(): SolverSteps<void> {
    const { budget, operator } = this.factorization;
    this.zero = (yield* zeroWithin(budget, operator)) ?? this.zero;
  }

  private *search(): SolverSteps<void> {
    const { factorization, plan } = this;
    if (this.isSpent()) return;
    if (factorization.pending.length > 1 && (yield* this.begin()) === 'nonFinite') {
      this.isFinite = false;
      return;
    }
    for (;;) {
      if (this.isSpent()) return;
      const row = this.nextRow();
      const extension = yield* factorization.extend(row);
      if (extension === 'nonFinite') {
        this.isFinite = false;
        if (factorization.processed.length > 0) this.solve();
        return;
      }
      this.zero = yield* requireSymmetric(this.factorization, this.zero, this.where);
      this.check?.observe(row, factorization.column(row));
      const isFull = factorization.held > plan.krylovDim;
      const isExhausted = factorization.pending.length === 0;
      const isDue = isSolveDue(factorization.processed.length, plan.k);
      if (isFull || isExhausted || this.check != null || isDue) {
        this.solve();
        this.report();
        if (yield* this.isConfirmed(isExhausted)) return;
      }
      if (factorization.pending.length === 0 && !(yield* this.addChain())) return;
      if (factorization.held > plan.krylovDim) {
        if (this.restarts++ >= plan.maxRestarts) return;
        yield* this.restart();
      }
    }
  }

  /** Whether there is no product left for another step; if so, the pairs are as they stand. */
  private isSpent(): boolean {
    const { factorization } = this;
    if (factorization.budget.allows()) return false;
    this.isCut = true;
    if (factorization.processed.length > 0) this.solve();
    return true;
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
    }
    return extension;
  }

  /** The thick restart. A check goes on with its own row, beside which the others are set aside again. */
  private *restart(): SolverSteps<void> {
    const { factorization, check, plan } = this;
    if (check != null) {
      yield* factorization.takeBack();
      this.solve();
    }
    const { processed, held } = factorization;
    const kept = rowsToKeep(processed.length, plan.k, plan.krylovDim - (held - processed.length));
    const weights = factorization.restart(this.ritz!.vectors.slice(0, kept));
    if (check == null) return;
    factorization.setAside(factorization.pending.slice(1));
    check.rotate(weights.slice(0, factorization.basis.rows));
  }

  private solve(): void {
    this.ritz = solveProjected(this.factorization, this.plan.which, this.plan.k);
  }

  /** Whether the pairs are final. Those that are all within the tolerance are checked first. */
  private *isConfirmed(isExhausted: boolean): SolverSteps<boolean> {
    const { factorization, plan, check } = this;
    if (check != null) {
      const isOver = isExhausted || check.products >= plan.confirm || check.isConvinced;
      if (this.numConverged === plan.k && !isOver) return false;
      this.check = null;
      yield* factorization.takeBack();
      this.solve();
      return isOver && this.numConverged === plan.k;
    }
    if (isExhausted && factorization.isComplete) return true;
    if (this.numConverged < plan.k) return this.isStagnant;
    if (plan.confirm === 0) return true;
    // No random vector can join a basis of all of R^n: what it hides lies in the rows that are still to be multiplied.
    if (factorization.isComplete) return false;
    factorization.setAside();
    const { rows } = factorization.basis;
    if (!(yield* this.addChain())) return true;
    const wanted = this.ritz!.values.subarray(0, plan.k);
    const limits = limitsBeyond(plan.which, wanted, (value) => MARGIN * this.threshold(value));
    this.check = new Confirmation(limits, rows, factorization.operator.size);
    return false;
  }

  /** Lets a random start vector join, if there is a direction left and room for it at a restart. */
  private *addChain(): SolverSteps<boolean> {
    const { factorization, plan } = this;
    const others = factorization.held - factorization.processed.length;
    if (others >= Math.max(1, plan.krylovDim - plan.k)) return false;
    return (yield* factorization.includeRandom(this.random)) === 'extended';
  }

  /** The pending row to multiply next. */
  private nextRow(): number {
    const { ritz, factorization } = this;
    const { pending, processed } = factorization;
    const isCurrent = ritz != null && ritz.vectors[0]!.length === processed.length;
    if (pending.length === 1 || !isCurrent) return pending[0]!;
    const worst = ritz.residualNorms.findIndex((norm, i) => norm > this.threshold(ritz.values[i]!));
    if (worst < 0) return pending[0]!;
    const image = factorization.apply(ritz.vectors[worst]!);
    return pending.reduce((best, row) => (Math.abs(image[row]!) > Math.abs(image[best]!) ? row : best));
  }

  private threshold(value: number): number {
    return convergenceThreshold(value, this.plan.tol, this.factorization.norm, this.zero);
  }

  private report(): void {
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
