import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, div, mul, norm, slice, square, sum, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { BlockTolerance } from './block-pairs.js';
import { BlockPairs } from './block-pairs.js';
import { startRows } from './block-search.js';
import type { EigenProgress } from './lanczos-options.js';
import type { MultipliedRows } from './multiplied-rows.js';
import { joined, multipliedRows, releaseRows, residualOf } from './multiplied-rows.js';
import type { BlockOperators } from './multiply-rows.js';
import { multiplyRows } from './multiply-rows.js';
import type { NormalizedOperator } from './normalized-operator.js';
import type { StopPlan } from './product-budget.js';
import { SymmetryWatch } from './require-symmetric.js';
import type { EigenResult, EigenStatus } from './result.js';
import { eigenResult } from './result.js';
import { paddedRows, release } from './vector-arithmetic.js';
import { zeroWithin } from './zero-threshold.js';

/** A residual that is not smaller by this factor is no progress. */
const BETTER = 1.05;

/** What a run on a block of vectors is planned by. */
export interface BlockPlan extends StopPlan {
  readonly k: number;
  readonly tol: number;
  readonly maxIterations: number;
  readonly startVectors: Tensor1D | Tensor2D | undefined;
  readonly seed: number;
  readonly onProgress: (progress: EigenProgress) => void;
}

/** When a run gives up, and when it asks what is zero to rounding. */
export interface BlockPolicy {
  /** Iterations without a smaller residual after which rounding is held to allow no smaller one. */
  readonly patience: number;
  /** From this iteration on a pair that has not converged is asked whether it may be zero to rounding. */
  readonly late: number;
}

/**
 * A run that improves a block X of vectors by Rayleigh and Ritz in a span that it widens, for (A - σI) x = λ B x. All
 * numbers are those of the operators divided by powers of two, see {@link NormalizedOperator}.
 */
export abstract class BlockRun<Plan extends BlockPlan = BlockPlan> {
  protected readonly symmetry: SymmetryWatch;
  private readonly random: SeededRandom;
  /** X, B-orthonormal, the wanted ones first. */
  protected present: MultipliedRows | null = null;
  protected values: Float64Array = new Float64Array(0);
  /** What is known of X, as of the latest measurement. */
  protected pairs = new BlockPairs(this.values, this.values, this.values);
  private zero: number | null = null;

  /** @param shift σ, which the eigenvalues of the result have in them */
  constructor(
    protected readonly operators: BlockOperators,
    protected readonly plan: Plan,
    protected readonly where: string,
    private readonly shift: number,
    private readonly policy: BlockPolicy,
  ) {
    const { operator, budget } = operators.products;
    this.symmetry = new SymmetryWatch(operator, where, budget);
    this.random = new SeededRandom(plan.seed + 1);
  }

  protected get products(): NormalizedOperator {
    return this.operators.products;
  }

  protected get metric(): NormalizedOperator | null {
    return this.operators.metric;
  }

  /** A step of Rayleigh and Ritz in the span of all rows there are. @returns false where a number is not finite */
  protected abstract improve(): SolverSteps<boolean>;

  /** Widens the span by what has not converged. @returns the status the run ends with, or null to go on */
  protected abstract widen(iteration: number): SolverSteps<EigenStatus | null>;

  /** Improves the pairs until they are within the tolerance, or no further. */
  *iterate(): SolverSteps<EigenStatus> {
    const { plan, policy, where } = this;
    const { budget, operator } = this.products;
    const random = new SeededRandom(plan.seed);
    const start = startRows(this.blockSize, operator.size, plan.startVectors, random, where);
    this.present = yield* this.multiplied(yield* start);
    if (this.present == null) return budget.status;
    let best = Infinity;
    let idle = 0;
    for (let iteration = 1; ; iteration++) {
      if (!(yield* this.improve())) return 'nonFinite';
      if (this.isDone) {
        // Pairs whose images were not renewed have not been checked.
        if (!budget.allows(plan.k)) return budget.status;
        if (!(yield* this.refresh(plan.k))) return 'nonFinite';
        if (this.isDone) return budget.allows(0) ? 'converged' : budget.status;
      }
      if (!budget.allows()) return budget.status;
      if (iteration > plan.maxIterations) return 'maxIterations';
      if (iteration === policy.late) this.zero ??= yield* zeroWithin(budget, operator);
      const worst = this.pairs.worst(plan.k, this.tolerance);
      idle = worst < best / BETTER ? 0 : idle + 1;
      best = Math.min(best, worst);
      if (idle > policy.patience) return 'stagnated';
      const end = yield* this.widen(iteration);
      if (end !== 'invariantSubspace' || !budget.allows(this.values.length)) {
        if (end != null) return end;
        continue;
      }
      // In a complete space what is left of the residuals is the rounding of combinations of combinations.
      if (!(yield* this.refresh(this.values.length))) return 'nonFinite';
      return this.isDone && budget.allows(0) ? 'converged' : end;
    }
  }

  /** The pairs as they are. */
  result(status: EigenStatus): EigenResult {
    const { products, plan, symmetry, pairs, present } = this;
    const { k } = plan;
    const { size } = products;
    const found = status === 'nonFinite' ? 0 : Math.min(k, this.values.length);
    const metricScale = this.metric?.scale ?? 1;
    const pad = (numbers: Float64Array): Float64Array =>
      Float64Array.from({ length: k }, (_, i) => (i < found ? numbers[i]! : NaN));
    const firstRows = (): Tensor2D =>
      mul(slice(present!.rows, [0, 0], [found, size]), 1 / Math.sqrt(metricScale));
    const rows = found === 0 ? null : tidy(firstRows);
    const numConverged = pairs.numWithin(found, this.tolerance);
    // Where all are within the tolerance it was the search for others that came no further.
    const isSearch = numConverged === k && (status === 'stagnated' || status === 'invariantSubspace');
    return eigenResult({
      eigenvalues: pad(this.unscaledValues),
      eigenvectors: paddedRows(rows, k, size),
      residualNorms: pad(this.unscaledResiduals),
      status: isSearch ? 'maxIterations' : status,
      numConverged,
      numMatvecs: products.numMatvecs,
      asymmetry: symmetry.norm > 0 ? symmetry.asymmetry / symmetry.norm : 0,
    });
  }

  dispose(): void {
    releaseRows(this.present);
  }

  /** Takes up what the products have shown of A itself: what is zero to rounding is known of that. */
  protected observe({ asymmetry, norm }: Pick<SymmetryWatch, 'asymmetry' | 'norm'>): SolverSteps<void> {
    const { scale } = this.products;
    return this.symmetry.observe(scale * asymmetry, scale * norm);
  }

  /** Multiplies the first vectors of the block afresh, and improves. @returns false where a number is not finite */
  protected *refresh(count: number): SolverSteps<boolean> {
    const fresh = yield* this.renewed(this.present!, count);
    if (fresh != null) {
      const others = this.present!.rows.shape[0] - count;
      const whole = others === 0 ? fresh : joined(fresh, multipliedRows(this.present!, count, others));
      releaseRows(this.present);
      this.present = whole;
    }
    return yield* this.improve();
  }

  /**
   * The first of some rows multiplied afresh, owned by the caller; null where the budget does not allow all of them. Their
   * images are combinations of combinations by now, and the errors of these add up.
   */
  protected *renewed({ rows }: MultipliedRows, count: number): SolverSteps<MultipliedRows | null> {
    const fresh = yield* this.multiplied(tidy(() => slice(rows, [0, 0], [count, -1])));
    if (fresh?.rows.shape[0] === count) return fresh;
    releaseRows(fresh);
    return null;
  }

  /** A random vector of unit length, owned by the caller. */
  protected randomUnit(): Tensor1D {
    const values = this.random.fillNormal(new Float32Array(this.products.size));
    return tidy((): Tensor1D => div(tensor1d(values), norm(values)));
  }

  /** ‖Ax − θBx‖ and ‖Bx‖ of the block. */
  protected *measure(): SolverSteps<boolean> {
    const residual = this.residual();
    const read = yield tidy(() => {
      const squares = [residual, this.present!.duals].map((rows) => sum(square(rows), 1) as Tensor1D);
      release(residual);
      return concat(squares);
    });
    const count = this.values.length;
    const norms = Float64Array.from(read, Math.sqrt);
    this.pairs = new BlockPairs(this.values, norms.slice(0, count), norms.slice(count));
    return norms.every(Number.isFinite);
  }

  /** AX − θBX, owned by the caller. */
  protected residual(): Tensor2D {
    return residualOf(this.present!, this.values);
  }

  /** Rows, which are taken over, with their products, as many as the budget allows; null for none. */
  protected multiplied(rows: Tensor2D): SolverSteps<MultipliedRows | null> {
    return multiplyRows(rows, this.operators, () => this.report());
  }

  /** @param besides products of a part of the run that are not counted yet */
  protected report(besides = 0): void {
    const { products, plan } = this;
    const count = Math.min(plan.k, this.values.length);
    plan.onProgress({
      numMatvecs: products.numMatvecs + besides,
      numConverged: this.pairs.numWithin(count, this.tolerance),
      ritzValues: this.unscaledValues.slice(0, count),
      residualNorms: this.unscaledResiduals.slice(0, count),
    });
  }

  /** Vectors beyond the wanted ones let these converge faster, and hold copies of eigenvalues at the edge. */
  protected get blockSize(): number {
    const { k } = this.plan;
    return Math.min(this.products.size, k + Math.max(2, Math.ceil(k / 2)));
  }

  protected get tolerance(): BlockTolerance {
    const { plan, symmetry, products, zero, metric } = this;
    return {
      tol: plan.tol,
      norm: symmetry.norm / products.scale,
      zero: (zero ?? 0) / products.scale,
      isMetric: metric != null,
    };
  }

  /** Whether all pairs wanted are within the tolerance, and nothing is left to check. */
  protected get isDone(): boolean {
    return this.pairs.areWithin(this.plan.k, this.tolerance);
  }

  private get unscaledValues(): Float64Array {
    const factor = this.products.scale / (this.metric?.scale ?? 1);
    return this.pairs.values.map((value) => this.shift + factor * value);
  }

  private get unscaledResiduals(): Float64Array {
    const factor = this.products.scale / Math.sqrt(this.metric?.scale ?? 1);
    return this.pairs.residualNorms.map((norm) => factor * norm);
  }
}
