import type { RectangularOperator } from '../operators/rectangular-operator.js';
import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { BidiagonalFactorization } from './bidiagonal-factorization.js';
import { KrylovSearch } from './krylov-search.js';
import { requireConsistent } from './require-symmetric.js';
import { MARGIN } from './search-policy.js';
import { SingularConfirmation } from './singular-confirmation.js';
import type { RitzTriplets } from './singular-ritz.js';
import { solveBidiagonal } from './singular-ritz.js';
import type { SvdPlan } from './svd-options.js';
import { zeroWithin } from './zero-threshold.js';

const adjoint = 'an rmatvec that is the adjoint of matvec, both of which give the same product each time';

/** The search of a run of `svd`. */
export class SvdSearch extends KrylovSearch<
  BidiagonalFactorization,
  SvdPlan,
  RitzTriplets,
  SingularConfirmation
> {
  protected readonly stepProducts = 2;

  /** @param factorization with a start vector pending; extended here */
  constructor(
    factorization: BidiagonalFactorization,
    private readonly operator: RectangularOperator,
    plan: SvdPlan,
    random: SeededRandom,
    where: string,
  ) {
    super(factorization, plan, random, where);
  }

  protected override *step(row: number): SolverSteps<boolean> {
    const { factorization, operator } = this;
    const step = yield* factorization.extend(row, this.random);
    if (step === 'nonFinite') return false;
    const { asymmetry, norm, budget } = factorization;
    const measured = { operator, asymmetry, norm, budget };
    this.zero = yield* requireConsistent(measured, this.zero, this.where, adjoint, '|uᵀ(Av) - (Aᵀu)ᵀv|');
    this.check?.observe(row, factorization.latest, step === 'extended');
    return true;
  }

  protected override solve(): void {
    this.ritz = solveBidiagonal(this.factorization, this.plan.k);
  }

  protected override valueAt({ triplets }: RitzTriplets, i: number): number {
    return triplets[i]!.value;
  }

  protected override imageOf({ triplets }: RitzTriplets, i: number): Float64Array | null {
    const { factorization } = this;
    const { left } = triplets[i]!;
    return left.length === factorization.left.rows ? factorization.adjointOf(left) : null;
  }

  protected override restartWith(kept: number): () => void {
    const { factorization, check } = this;
    const weights = factorization.restart(this.ritz!.triplets.slice(0, kept));
    return () => check!.rotate({ ...weights, right: weights.right.slice(0, factorization.right.rows) });
  }

  /** A check takes the left rows for images of right ones. */
  protected override get mayCheck(): boolean {
    return !this.factorization.hasLooseRow;
  }

  protected override createCheck(): () => SingularConfirmation {
    const { right, left } = this.factorization;
    const [rightRows, leftRows] = [right.rows, left.rows];
    return () => {
      const last = this.ritz!.triplets[this.plan.k - 1]!.value;
      const limit = last + MARGIN * this.threshold(last);
      return new SingularConfirmation(limit, rightRows, leftRows, right.size);
    };
  }

  protected override includeRandom(): SolverSteps<boolean> {
    return this.factorization.includeRandom(this.random);
  }

  protected override *findZero(): SolverSteps<void> {
    this.zero = (yield* zeroWithin(this.factorization.budget, this.operator)) ?? this.zero;
  }

  protected override report(): void {
    const { triplets, residualNorms } = this.ritz!;
    this.plan.onProgress?.({
      numMatvecs: this.factorization.budget.spent,
      numConverged: this.numConverged,
      singularValues: Float64Array.from(residualNorms, (_, i) => triplets[i]!.value),
      residualNorms: residualNorms.slice(),
    });
  }
}
