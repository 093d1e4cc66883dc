import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  concat,
  div,
  mul,
  slice,
  square,
  stack,
  sub,
  sum,
  tensor2d,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import { SeededRandom } from '../random.js';
import { rowOf } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { BlockTolerance } from './block-pairs.js';
import { BlockPairs } from './block-pairs.js';
import { directionsOf } from './block-directions.js';
import { independentOf, preconditioned, startRows } from './block-search.js';
import type { LobpcgPlan } from './lobpcg-options.js';
import type { MultipliedRows } from './multiplied-rows.js';
import { combined, joined, multipliedRows, releaseRows } from './multiplied-rows.js';
import { NormalizedOperator } from './normalized-operator.js';
import { ProductBudget } from './product-budget.js';
import { rayleighRitz } from './rayleigh-ritz.js';
import { SymmetryWatch } from './require-symmetric.js';
import type { EigenResult, EigenStatus } from './result.js';
import { eigenResult } from './result.js';
import { release } from './vector-arithmetic.js';
import { zeroWithin } from './zero-threshold.js';

/** Iterations without a residual smaller by a share after which rounding is held to allow no better one. */
const PATIENCE = 100;
const BETTER = 1.05;

/** After so many iterations all vectors are multiplied afresh. */
const STALE = 20;

/** From this iteration on a pair that has not converged is asked whether it may be zero to rounding. */
const LATE = 10;

/**
 * One run of LOBPCG: the block X of present vectors, and the directions P that led to them. All numbers are those of the
 * operators divided by powers of two, see {@link NormalizedOperator}.
 */
export class LobpcgRun {
  private readonly products: NormalizedOperator;
  private readonly metric: NormalizedOperator | null;
  private readonly preconditioner: NormalizedOperator | null;
  private readonly symmetry: SymmetryWatch;
  /** X, B-orthonormal, the wanted ones first. */
  private present: MultipliedRows | null = null;
  private directions: MultipliedRows | null = null;
  private values: Float64Array = new Float64Array(0);
  /** What is known of X, as of the latest measurement. */
  private pairs = new BlockPairs(this.values, this.values, this.values);
  private zero: number | null = null;

  constructor(
    private readonly operator: AnyOperator,
    private readonly plan: LobpcgPlan,
    private readonly where: string,
  ) {
    this.products = new NormalizedOperator(operator, 0, new ProductBudget(plan));
    const normalized = (other: AnyOperator | undefined): NormalizedOperator | null =>
      other == null ? null : new NormalizedOperator(other);
    this.metric = normalized(plan.metric);
    this.preconditioner = normalized(plan.preconditioner);
    this.symmetry = new SymmetryWatch(operator, where, this.products.budget);
  }

  /** Improves the pairs until they are within the tolerance, or no further. */
  *iterate(): SolverSteps<EigenStatus> {
    const { plan, products } = this;
    const { budget } = products;
    const { startVectors, seed } = plan;
    const start = startRows(
      this.blockSize,
      this.operator.size,
      startVectors,
      new SeededRandom(seed),
      this.where,
    );
    this.present = yield* this.multiplied(yield* start);
    if (this.present == null) return budget.status;
    let best = Infinity;
    let idle = 0;
    for (let iteration = 1; ; iteration++) {
      if (!(yield* this.improve())) return 'nonFinite';
      if (this.isDone) {
        // Pairs whose images were not renewed have not been checked.
        if (!budget.allows(plan.k)) return budget.status;
        if (!(yield* this.refresh(plan.k, false))) return 'nonFinite';
        if (this.isDone) return budget.allows(0) ? 'converged' : budget.status;
      }
      if (!budget.allows()) return budget.status;
      if (iteration > plan.maxIterations) return 'maxIterations';
      if (iteration === LATE) this.zero ??= yield* zeroWithin(budget, this.operator);
      const worst = this.pairs.worst(plan.k, this.tolerance);
      idle = worst < best / BETTER ? 0 : idle + 1;
      best = Math.min(best, worst);
      if (idle > PATIENCE) return 'stagnated';
      if (iteration % STALE === 0 && budget.allows(2 * this.values.length)) {
        if (!(yield* this.refresh(this.values.length, true))) return 'nonFinite';
      }
      const search = yield* this.searchRows();
      if (search == null) return budget.allows() ? 'invariantSubspace' : budget.status;
      this.gather(search);
    }
  }

  /** The pairs as they are. */
  result(status: EigenStatus): EigenResult {
    const { products, plan, symmetry, pairs } = this;
    const { values, residualNorms } = pairs;
    const { k } = plan;
    const { size } = this.operator;
    const found = status === 'nonFinite' ? 0 : Math.min(k, values.length);
    const metricScale = this.metric?.scale ?? 1;
    const pad = (numbers: Float64Array, factor: number): Float64Array =>
      Float64Array.from({ length: k }, (_, i) => (i < found ? factor * numbers[i]! : NaN));
    const { present } = this;
    const eigenvectors = tidy((): Tensor2D => {
      if (found === 0) return zeros([k, size]);
      const rows = mul(slice(present!.rows, [0, 0], [found, size]), 1 / Math.sqrt(metricScale)) as Tensor2D;
      return found === k ? rows : concat([rows, zeros([k - found, size])]);
    });
    return eigenResult({
      eigenvalues: pad(values, products.scale / metricScale),
      eigenvectors,
      residualNorms: pad(residualNorms, products.scale / Math.sqrt(metricScale)),
      status,
      numConverged: pairs.numWithin(found, this.tolerance),
      numMatvecs: products.numMatvecs,
      asymmetry: symmetry.norm > 0 ? symmetry.asymmetry / symmetry.norm : 0,
    });
  }

  dispose(): void {
    releaseRows(this.present);
    releaseRows(this.directions);
  }

  /** A step of Rayleigh and Ritz in the span of all rows there are. @returns false where a number is not finite */
  private *improve(): SolverSteps<boolean> {
    const all = this.present!;
    const ritz = yield* rayleighRitz(all, this.plan.which, this.where);
    if (ritz == null) return false;
    yield* this.symmetry.observe(ritz.asymmetry, ritz.norm);
    const count = Math.min(this.blockSize, ritz.values.length);
    const chosen = ritz.coefficients.slice(0, count);
    const before = this.values.length;
    this.values = ritz.values.slice(0, count);
    this.present = combined(chosen, all);
    const along = before === 0 ? [] : directionsOf(chosen, before, ritz);
    this.directions = along.length === 0 ? null : combined(along, all);
    releaseRows(all);
    return yield* this.measure();
  }

  /** ‖Ax − θBx‖ and ‖Bx‖ of the block. */
  private *measure(): SolverSteps<boolean> {
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
  private residual(): Tensor2D {
    const { images, duals } = this.present!;
    return tidy((): Tensor2D => {
      const thetas = tensor2d(Array.from(this.values), [this.values.length, 1]);
      return sub(images, mul(thetas, duals));
    });
  }

  /**
   * Multiplies the first vectors of the block afresh, and the directions if these are asked for: the images are combinations
   * of combinations by now, and their errors add up. Where the run is stopped meanwhile they stay as they are.
   *
   * @returns false where a number is not finite
   */
  private *refresh(count: number, withDirections: boolean): SolverSteps<boolean> {
    const fresh = yield* this.renewed(this.present!, count);
    if (fresh != null) {
      const others = this.values.length - count;
      const whole = others === 0 ? fresh : joined(fresh, multipliedRows(this.present!, count, others));
      releaseRows(this.present);
      this.present = whole;
    }
    if (withDirections && this.directions != null) {
      const again = yield* this.renewed(this.directions, this.directions.rows.shape[0]);
      if (again != null) {
        releaseRows(this.directions);
        this.directions = again;
      }
    }
    this.gather(null);
    return yield* this.improve();
  }

  /** The first of some rows multiplied afresh, owned by the caller; null where the budget does not allow all of them. */
  private *renewed({ rows }: MultipliedRows, count: number): SolverSteps<MultipliedRows | null> {
    const fresh = yield* this.multiplied(tidy(() => slice(rows, [0, 0], [count, -1])));
    if (fresh?.rows.shape[0] === count) return fresh;
    releaseRows(fresh);
    return null;
  }

  /** Makes one block of all rows there are, the present vectors first. */
  private gather(search: MultipliedRows | null): void {
    const parts = [this.present, this.directions, search].filter((part) => part != null);
    this.directions = null;
    this.present = joined(...parts);
  }

  /** Rows to widen the span by: preconditioned residuals of what has not converged, multiplied; null for none. */
  private *searchRows(): SolverSteps<MultipliedRows | null> {
    const { residualNorms } = this.pairs;
    const open = this.pairs.open(this.tolerance);
    if (open.length === 0) return null;
    const residual = this.residual();
    const units = tidy(() => open.map((i): Tensor1D => div(rowOf(residual, i), residualNorms[i]!)));
    release(residual);
    const rows = yield* preconditioned(this.preconditioner, units, this.where);
    const spans = [this.present!, this.directions].filter((span) => span != null);
    const fresh = yield* independentOf(rows, spans);
    return fresh == null ? null : yield* this.multiplied(fresh);
  }

  /** Rows, which are taken over, with their products, as many as the budget allows; null for none. */
  private *multiplied(rows: Tensor2D): SolverSteps<MultipliedRows | null> {
    const images: Tensor1D[] = [];
    const duals: Tensor1D[] = [];
    try {
      for (let i = 0; i < rows.shape[0] && this.products.budget.allows(); i++) {
        images.push(yield* this.products.consume(rowOf(rows, i)));
        if (this.metric != null) duals.push(yield* this.metric.consume(rowOf(rows, i)));
        this.report();
      }
      if (images.length === 0) return null;
      const [count, n] = [images.length, this.operator.size];
      const whole = slice(rows, [0, 0], [count, n]);
      return {
        rows: whole,
        images: stack(images) as Tensor2D,
        duals: this.metric == null ? whole.clone() : (stack(duals) as Tensor2D),
      };
    } finally {
      release(rows, ...images, ...duals);
    }
  }

  private report(): void {
    const { pairs, products, metric, plan } = this;
    const { values, residualNorms } = pairs;
    const count = Math.min(plan.k, values.length);
    const [byA, byB] = [products.scale, metric?.scale ?? 1];
    plan.onProgress({
      numMatvecs: products.numMatvecs,
      numConverged: pairs.numWithin(count, this.tolerance),
      ritzValues: values.slice(0, count).map((value) => (byA / byB) * value),
      residualNorms: residualNorms.slice(0, count).map((norm) => (byA / Math.sqrt(byB)) * norm),
    });
  }

  /** Vectors beyond the wanted ones let these converge faster, and hold copies of eigenvalues at the edge. */
  private get blockSize(): number {
    const { k } = this.plan;
    return Math.min(this.operator.size, k + Math.max(2, Math.ceil(k / 2)));
  }

  private get isDone(): boolean {
    return this.pairs.areWithin(this.plan.k, this.tolerance);
  }

  private get tolerance(): BlockTolerance {
    const { plan, symmetry, products, zero, metric } = this;
    return {
      tol: plan.tol,
      norm: symmetry.norm,
      zero: (zero ?? 0) / products.scale,
      isMetric: metric != null,
    };
  }
}
