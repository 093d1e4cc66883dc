import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { convergenceThreshold } from './convergence-threshold.js';
import type { ProductBudget } from './product-budget.js';
import type { EigenStatus } from './result.js';
import { isSolveDue, MARGIN, rowsToKeep } from './search-policy.js';

/** A factorization that a search extends, restarts, and sets rows of aside in. */
interface SearchedFactorization {
  readonly budget: ProductBudget;
  /** Rows that have been multiplied. */
  readonly processed: readonly number[];
  /** Rows that are still to be multiplied. */
  readonly pending: readonly number[];
  /** How many rows there are, with those set aside. */
  readonly held: number;
  /** Whether rows are set aside. */
  readonly isReduced: boolean;
  /** Whether its rows span all of the space. */
  readonly isComplete: boolean;
  /** A lower bound of the norm of the operator. */
  readonly norm: number;
  setAside(rows: readonly number[]): void;
  takeBack(): SolverSteps<void>;
}

/** Solutions of the projected problem, the wanted ones first. */
interface RitzSolutions {
  readonly residualNorms: ArrayLike<number>;
  /** The part of each residual that the products lack of symmetry. */
  readonly noiseNorms: ArrayLike<number>;
}

/** What a run was asked for. */
interface SearchPlan {
  readonly k: number;
  readonly tol: number;
  readonly krylovDim: number;
  readonly maxRestarts: number;
  readonly confirm: number;
}

/** A look for what a converged search may have missed. */
interface Check {
  readonly products: number;
  readonly isConvinced: boolean;
}

/** The policy of a Krylov run: what to multiply next, when to restart, and when to believe what was found. */
export abstract class KrylovSearch<
  F extends SearchedFactorization,
  P extends SearchPlan,
  R extends RitzSolutions,
  C extends Check,
> {
  /** The solutions as they were last computed; null before the first time. */
  ritz: R | null = null;
  /** Whether all products were finite. */
  isFinite = true;
  /** Whether the products allowed were spent before the run had come to an end. */
  private isCut = false;
  /** What is zero to rounding; asked for where products look wrong, since that costs some. */
  protected zero = 0;
  /** The check under way. */
  protected check: C | null = null;
  /** The wanted values as they were when the last check began. */
  private checked: ArrayLike<number> = [];
  private restarts = 0;

  /** @param factorization with its start vectors pending; extended here */
  constructor(
    protected readonly factorization: F,
    protected readonly plan: P,
    protected readonly random: SeededRandom,
    protected readonly where: string,
  ) {}

  /** Products of a step. */
  protected abstract readonly stepProducts: number;

  /** What has to be done before the first step, false where a product is not finite; null for nothing. */
  protected begin(): SolverSteps<boolean> | null {
    return null;
  }

  /** Multiplies a pending row, and throws for products that contradict each other. @returns false where one is not finite */
  protected abstract step(row: number): SolverSteps<boolean>;

  protected abstract solve(): void;

  /** The eigenvalue or singular value of a solution. */
  protected abstract valueAt(ritz: R, i: number): number;

  /** What a solution has in each row; null where rows have come since it was computed. */
  protected abstract imageOf(ritz: R, i: number): ArrayLike<number> | null;

  /** Replaces the rows by so many solutions. @returns what turns a check after them */
  protected abstract restartWith(kept: number): () => void;

  /** Whether a check can begin, beside which pending rows are set aside. */
  protected get mayCheck(): boolean {
    return true;
  }

  /** The check that a random vector that has joined is to make; taken before it joins. */
  protected abstract createCheck(): () => C;

  /** Lets a random vector join. @returns whether there was a direction left */
  protected abstract includeRandom(): SolverSteps<boolean>;

  protected abstract report(): void;

  /** Asks what is zero to rounding, if that is within the budget. */
  protected abstract findZero(): SolverSteps<void>;

  /** How many of the wanted solutions are within the tolerance. */
  get numConverged(): number {
    return this.residuals.filter(({ norm, allowed }) => norm <= allowed).length;
  }

  /** How many of some solutions are within the tolerance, measured after the run. */
  *count(values: Float64Array, residualNorms: Float64Array): SolverSteps<number> {
    const within = (): number => residualNorms.filter((norm, i) => norm <= this.threshold(values[i]!)).length;
    if (within() < values.length) yield* this.findZero();
    return within();
  }

  /** How the run has ended. */
  get status(): EigenStatus {
    const { plan, factorization, numConverged } = this;
    if (!this.isFinite) return 'nonFinite';
    // What a run has found that was cut short has not been checked, unless it is to be taken as it is.
    if (numConverged === plan.k && (!this.isCut || plan.confirm === 0)) return 'converged';
    if (this.isCut) return factorization.budget.status;
    if (factorization.isComplete) return 'invariantSubspace';
    return this.isStagnant ? 'stagnated' : 'maxIterations';
  }

  /** Extends and restarts until the wanted solutions have converged and are believed, or the work allowed is done. */
  *run(): SolverSteps<void> {
    yield* this.search();
    if (this.factorization.isReduced) {
      yield* this.factorization.takeBack();
      this.solve();
    }
    // What is rounding alone converges to nothing: a solution that has not may be zero.
    if (this.isFinite && this.numConverged < this.plan.k) yield* this.findZero();
  }

  protected threshold(value: number): number {
    return convergenceThreshold(value, this.plan.tol, this.factorization.norm, this.zero);
  }

  private *search(): SolverSteps<void> {
    const { factorization, plan } = this;
    if (this.isSpent()) return;
    const first = this.begin();
    if (first != null && !(yield* first)) {
      this.isFinite = false;
      return;
    }
    for (;;) {
      if (this.isSpent()) return;
      if (!(yield* this.step(this.nextRow()))) {
        this.isFinite = false;
        if (factorization.processed.length > 0) this.solve();
        return;
      }
      const isFull = factorization.held > plan.krylovDim;
      const isExhausted = factorization.pending.length === 0;
      const { length } = factorization.processed;
      if (isFull || this.check != null || isSolveDue(length, plan.k, isExhausted)) {
        this.solve();
        this.report();
        if (yield* this.isConfirmed(isExhausted)) return;
      }
      if (factorization.pending.length === 0 && !(yield* this.addChain())) {
        if (length < plan.k) this.solve();
        return;
      }
      if (factorization.held > plan.krylovDim && !(yield* this.makeRoom())) return;
    }
  }

  /** Whether there are no products left for another step; if so, the solutions are as they stand. */
  private isSpent(): boolean {
    const { factorization } = this;
    if (factorization.budget.allows(this.stepProducts)) return false;
    this.isCut = true;
    if (factorization.processed.length > 0) this.solve();
    return true;
  }

  /**
   * The thick restart. A check goes on with its own row, beside which the others are set aside again. Rows that span all
   * of the space need no room: they become no more, and what they hide lies in those that are still to be multiplied.
   *
   * @returns whether there was a restart left, where one was needed
   */
  private *makeRoom(): SolverSteps<boolean> {
    const { factorization, check, plan } = this;
    if (check != null) {
      yield* factorization.takeBack();
      this.solve();
    }
    if (factorization.isComplete) {
      this.check = null;
      return true;
    }
    if (this.restarts++ >= plan.maxRestarts) return false;
    const { processed, held } = factorization;
    const kept = rowsToKeep(processed.length, plan.k, plan.krylovDim - (held - processed.length));
    const turnCheck = this.restartWith(kept);
    if (check != null) {
      factorization.setAside(factorization.pending.slice(1));
      turnCheck();
    }
    return true;
  }

  /** Whether the solutions are final. Those that are all within the tolerance are checked first. */
  private *isConfirmed(isExhausted: boolean): SolverSteps<boolean> {
    const { factorization, plan, check } = this;
    if (check != null) {
      const isOver = isExhausted || check.products >= plan.confirm || check.isConvinced;
      if (this.numConverged === plan.k && !isOver) return false;
      this.check = null;
      yield* factorization.takeBack();
      this.solve();
      if (!isOver || this.numConverged < plan.k) return false;
      // What has come in meanwhile shows that there was something to find: there may be more of it.
      if (!this.hasChanged) return true;
    }
    if (factorization.pending.length === 0 && factorization.isComplete) return true;
    if (this.numConverged < plan.k) return this.isStagnant;
    if (plan.confirm === 0) return true;
    // No random vector can join a basis of all of the space: what it hides lies in the rows that are still to be multiplied.
    if (factorization.isComplete || !this.mayCheck) return false;
    factorization.setAside(factorization.pending);
    const begin = this.createCheck();
    if (!(yield* this.addChain())) return true;
    this.check = begin();
    this.checked = this.wanted;
    return false;
  }

  /** Whether the wanted values are others than those that the last check began with. */
  private get hasChanged(): boolean {
    return this.wanted.some(
      (value, i) => Math.abs(value - this.checked[i]!) > MARGIN * this.threshold(value),
    );
  }

  /** The wanted values, ascending. */
  private get wanted(): Float64Array {
    const ritz = this.ritz!;
    return Float64Array.from(ritz.residualNorms, (_, i) => this.valueAt(ritz, i)).sort();
  }

  /** Lets a random start vector join, if there is a direction left and room for it at a restart. */
  private *addChain(): SolverSteps<boolean> {
    const { factorization, plan } = this;
    const others = factorization.held - factorization.processed.length;
    if (others >= Math.max(1, plan.krylovDim - plan.k)) return false;
    return yield* this.includeRandom();
  }

  /** The pending row to multiply next: that of which the worst residual has most. */
  private nextRow(): number {
    const { ritz, factorization } = this;
    const { pending } = factorization;
    if (pending.length === 1 || ritz == null) return pending[0]!;
    const worst = this.residuals.findIndex(({ norm, allowed }) => norm > allowed);
    const image = worst < 0 ? null : this.imageOf(ritz, worst);
    if (image == null) return pending[0]!;
    return pending.reduce((best, row) => (Math.abs(image[row]!) > Math.abs(image[best]!) ? row : best));
  }

  /** Whether the residuals above the tolerance are, for the most part, what the products lack of symmetry. */
  private get isStagnant(): boolean {
    const { residuals, plan } = this;
    if (residuals.length < plan.k || this.numConverged === plan.k) return false;
    return residuals.every(
      ({ norm, noise, allowed }) => norm <= allowed || (noise > allowed && noise >= Math.SQRT1_2 * norm),
    );
  }

  /** The residuals of the wanted solutions, and what they may be. */
  private get residuals(): { norm: number; noise: number; allowed: number }[] {
    const { ritz } = this;
    if (ritz == null) return [];
    return Array.from(ritz.residualNorms, (norm, i) => ({
      norm,
      noise: ritz.noiseNorms[i]!,
      allowed: this.threshold(this.valueAt(ritz, i)),
    }));
  }
}
