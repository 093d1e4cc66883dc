import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { RectangularOperator } from '../operators/rectangular-operator.js';
import type { BidiagonalFactorization } from './bidiagonal-factorization.js';
import { requireConsistent } from './require-symmetric.js';
import { convergenceThreshold, isSolveDue, MARGIN, rowsToKeep } from './search-policy.js';
import { SingularConfirmation } from './singular-confirmation.js';
import type { RitzTriplets } from './singular-ritz.js';
import { solveBidiagonal } from './singular-ritz.js';
import type { SvdPlan } from './svd-options.js';
import { zeroWithin } from './zero-threshold.js';

/** The policy of a run of `svd`: what to multiply next, when to restart, and when to believe what was found. */
export class SvdSearch {
  /** The triplets as they were last computed; null before the first time. */
  ritz: RitzTriplets | null = null;
  /** Whether all products were finite. */
  isFinite = true;
  /** Whether the products allowed were spent before the run had come to an end. */
  isCut = false;
  /** What is zero to rounding; asked for where products look wrong, since that costs some. */
  private zero = 0;
  private check: SingularConfirmation | null = null;
  private restarts = 0;

  /** @param factorization with a start vector pending; extended here */
  constructor(
    private readonly factorization: BidiagonalFactorization,
    private readonly operator: RectangularOperator,
    private readonly plan: SvdPlan,
    private readonly random: SeededRandom,
    private readonly where: string,
  ) {}

  /** How many of the wanted triplets are within the tolerance. */
  get numConverged(): number {
    return this.residuals.filter(({ norm, allowed }) => norm <= allowed).length;
  }

  /** Whether the residuals above the tolerance are, for the most part, what the products lack of being adjoint. */
  get isStagnant(): boolean {
    const { residuals, plan } = this;
    if (residuals.length < plan.k || this.numConverged === plan.k) return false;
    return residuals.every(
      ({ norm, noise, allowed }) => norm <= allowed || (noise > allowed && noise >= Math.SQRT1_2 * norm),
    );
  }

  /** How many of some triplets are within the tolerance, measured after the run. */
  *count(values: Float64Array, residualNorms: Float64Array): SolverSteps<number> {
    const within = (): number => residualNorms.filter((norm, i) => norm <= this.threshold(values[i]!)).length;
    if (within() < values.length) yield* this.findZero();
    return within();
  }

  /** Extends and restarts until the wanted triplets have converged and are believed, or the work allowed is done. */
  *run(): SolverSteps<void> {
    yield* this.search();
    if (this.factorization.isReduced) {
      yield* this.factorization.takeBack();
      this.solve();
    }
    // What is rounding alone converges to nothing: a triplet that has not may be zero.
    if (this.isFinite && this.numConverged < this.plan.k) yield* this.findZero();
  }

  private *search(): SolverSteps<void> {
    const { factorization, plan } = this;
    for (;;) {
      if (this.isSpent()) return;
      const row = this.nextRow();
      const step = yield* factorization.extend(row, this.random);
      if (step === 'nonFinite') {
        this.isFinite = false;
        if (factorization.processed.length > 0) this.solve();
        return;
      }
      yield* this.requireAdjoint();
      this.check?.observe(row, factorization.latest, step === 'extended');
      const isFull = factorization.held > plan.krylovDim;
      const isExhausted = factorization.pending.length === 0;
      if (isFull || isExhausted || this.check != null || isSolveDue(factorization.processed.length, plan.k)) {
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

  /** Whether there are no products left for another step; if so, the triplets are as they stand. */
  private isSpent(): boolean {
    const { factorization } = this;
    if (factorization.budget.allows(2)) return false;
    this.isCut = true;
    if (factorization.processed.length > 0) this.solve();
    return true;
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
    const weights = factorization.restart(this.ritz!.triplets.slice(0, kept));
    if (check == null) return;
    factorization.setAside(factorization.pending.slice(1));
    check.rotate({ ...weights, right: weights.right.slice(0, factorization.right.rows) });
  }

  private solve(): void {
    this.ritz = solveBidiagonal(this.factorization, this.plan.k);
  }

  /** Whether the triplets are final. Those that are all within the tolerance are checked first. */
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
    // No random vector can join a basis of all of the space: what it hides lies in the rows that are still to be multiplied.
    if (factorization.isComplete) return false;
    factorization.setAside(factorization.pending);
    const { right, left } = factorization;
    const [rightRows, leftRows] = [right.rows, left.rows];
    if (!(yield* this.addChain())) return true;
    const last = this.ritz!.triplets[plan.k - 1]!.value;
    const limit = last + MARGIN * this.threshold(last);
    this.check = new SingularConfirmation(limit, rightRows, leftRows, right.size);
    return false;
  }

  /** Lets a random start vector join, if there is a direction left and room for it at a restart. */
  private *addChain(): SolverSteps<boolean> {
    const { factorization, plan } = this;
    const others = factorization.held - factorization.processed.length;
    if (others >= Math.max(1, plan.krylovDim - plan.k)) return false;
    return yield* factorization.includeRandom(this.random);
  }

  /** The pending row to multiply next: that of which the worst residual has most. */
  private nextRow(): number {
    const { factorization, ritz } = this;
    const { pending, left } = factorization;
    const isCurrent = ritz != null && ritz.triplets[0]!.left.length === left.rows;
    if (pending.length === 1 || !isCurrent) return pending[0]!;
    const worst = this.residuals.findIndex(({ norm, allowed }) => norm > allowed);
    if (worst < 0) return pending[0]!;
    const image = factorization.adjointOf(ritz.triplets[worst]!.left);
    return pending.reduce((best, row) => (Math.abs(image[row]!) > Math.abs(image[best]!) ? row : best));
  }

  /** The residuals of the wanted triplets, and what they may be. */
  private get residuals(): { norm: number; noise: number; allowed: number }[] {
    const { ritz } = this;
    if (ritz == null) return [];
    return Array.from(ritz.residualNorms, (norm, i) => ({
      norm,
      noise: ritz.noiseNorms[i]!,
      allowed: this.threshold(ritz.triplets[i]!.value),
    }));
  }

  private threshold(value: number): number {
    return convergenceThreshold(value, this.plan.tol, this.factorization.norm, this.zero);
  }

  /** Throws for products of which one is not the adjoint of the other. */
  private *requireAdjoint(): SolverSteps<void> {
    const { asymmetry, norm, budget } = this.factorization;
    const measured = { operator: this.operator, asymmetry, norm, budget };
    const expected =
      'an rmatvec that is the adjoint of matvec, both of which give the same product each time';
    this.zero = yield* requireConsistent(measured, this.zero, this.where, expected, '|uᵀ(Av) - (Aᵀu)ᵀv|');
  }

  /** Asks what is zero to rounding, if that is within the budget. */
  private *findZero(): SolverSteps<void> {
    this.zero = (yield* zeroWithin(this.factorization.budget, this.operator)) ?? this.zero;
  }

  private report(): void {
    const { triplets, residualNorms } = this.ritz!;
    this.plan.onProgress?.({
      numMatvecs: this.factorization.budget.spent,
      numConverged: this.numConverged,
      singularValues: Float64Array.from(residualNorms, (_, i) => triplets[i]!.value),
      residualNorms: residualNorms.slice(),
    });
  }
}
