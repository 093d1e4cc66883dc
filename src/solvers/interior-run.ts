import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { div, mul, stack, sub, tidy } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import { rowOf, unitVector } from '../rows.js';
import type { DriveOptions, SolverSteps } from '../tfjs/drive.js';
import type { BlockTolerance } from './block-pairs.js';
import { BlockRun } from './block-run.js';
import { independentOf } from './block-search.js';
import { innerRitz } from './inner-ritz.js';
import type { InteriorPlan } from './interior-options.js';
import { lanczosSteps } from './lanczos.js';
import type { MinresOptions } from './minres.js';
import { minresSteps } from './minres.js';
import { combined, joined, pickedRows, releaseRows } from './multiplied-rows.js';
import { NormalizedOperator } from './normalized-operator.js';
import { ProductBudget } from './product-budget.js';
import type { EigenStatus } from './result.js';
import { innerProducts, release } from './vector-arithmetic.js';

/** Relative residual of a solve, and iterations at most. */
const SOLVE_TOL = 0.1;
const SOLVE_ITERATIONS = 200;

/** Products besides the solve that what comes of it takes. */
const PRODUCTS_AFTER = 3;

/** How well, and by how many products at most, the norm of A is learnt. */
const NORM_TOL = 0.1;
const NORM_PRODUCTS = 12;

/** The relative residual at which vectors beyond the wanted ones are found. */
const ROUGH = 0.1;

/** Solves that look for pairs that were missed, such as copies. */
const CHECKS = 4;

/** A vector whose square is smaller, beside a right-hand side of length 1, is rounding. */
const NOTHING = 1e-12;

/** The fewest products for which a solve is begun. */
const WORTH_A_SOLVE = 4;

/**
 * One run of {@link interiorEigenpairs}: a space that grows by (A - σI)⁻¹ times residuals, and the vectors in it with the
 * smallest ‖(A - σI)x‖.
 */
export class InteriorRun extends BlockRun<InteriorPlan> {
  /** Solves that have looked for what was missed, since all pairs wanted were found. */
  private numChecks = 0;
  /** What the latest solve has left of its right-hand side, at unit length: most of it lies along eigenvalues near σ. */
  private rest: Tensor1D | null = null;

  constructor(operator: AnyOperator, plan: InteriorPlan, where: string) {
    const products = new NormalizedOperator(operator, -plan.near, new ProductBudget(plan));
    super({ products, metric: null }, plan, where, plan.near, { patience: 5 * plan.k + 10, late: 2 });
  }

  override dispose(): void {
    super.dispose();
    release(this.rest);
  }

  protected override get isDone(): boolean {
    return this.isBlockFound && this.numChecks >= CHECKS;
  }

  protected override *improve(): SolverSteps<boolean> {
    const all = this.present!;
    const ritz = yield* innerRitz(all, this.blockSize);
    if (ritz == null) return false;
    yield* this.observe(ritz);
    this.values = ritz.values;
    this.present = combined(ritz.coefficients, all);
    releaseRows(all);
    if (!(yield* this.measure())) return false;
    this.sort();
    if (!super.isDone) this.numChecks = 0;
    return true;
  }

  protected override *widen(iteration: number): SolverSteps<EigenStatus | null> {
    const { budget } = this.products;
    if (iteration === 1) yield* this.measureNorm();
    const isCheck = this.isBlockFound;
    const rows = yield* this.solvedRows(this.rightHandSides(iteration, isCheck));
    if (rows == null) return 'nonFinite';
    const fresh = yield* independentOf(rows, [this.present!]);
    const search = fresh == null ? null : yield* this.multiplied(fresh);
    if (search != null) this.present = joined(this.present!, search);
    else if (!budget.allows()) return budget.status;
    // Where the space is complete nothing can have been missed.
    const isComplete = search == null && this.present!.rows.shape[0] >= this.products.size;
    if (isCheck || isComplete) this.numChecks = search == null ? CHECKS : this.numChecks + 1;
    return search == null && !isCheck ? 'invariantSubspace' : null;
  }

  /** Puts the vectors with the smallest ‖(A - σI)x‖ first, and of these the nearest; leaves out what is too many. */
  private sort(): void {
    const { k } = this.plan;
    const { values, residualNorms } = this.pairs;
    const size = (i: number): number => Math.hypot(values[i]!, residualNorms[i]!);
    const order = Array.from(values, (_, i) => i).sort((i, j) => size(i) - size(j));
    const wanted = order.slice(0, k).sort((i, j) => Math.abs(values[i]!) - Math.abs(values[j]!));
    const most = Math.max(24, 6 * k);
    const count = order.length <= most ? order.length : most / 2;
    const chosen = [...wanted, ...order.slice(k)].slice(0, count);
    const all = this.present!;
    this.present = pickedRows(all, chosen);
    releaseRows(all);
    this.pairs = this.pairs.pick(chosen);
    this.values = this.pairs.values;
  }

  /** Learns ‖A‖, which says what float32 products can show: the vectors of the block are to have small products. */
  private *measureNorm(): SolverSteps<void> {
    const { plan, products, where } = this;
    const maxMatvecs = Math.min(NORM_PRODUCTS, Math.floor(products.budget.left / 4));
    if (maxMatvecs < 1) return;
    const { onAbort, signal, seed } = plan;
    const options = { which: 'LM', tol: NORM_TOL, confirm: 0, maxMatvecs, onAbort, signal, seed } as const;
    const { eigenvalues, numMatvecs, dispose } = yield* lanczosSteps(products.operator, options, where);
    dispose();
    products.budget.spent += numMatvecs;
    yield* this.symmetry.observe(0, Math.abs(eigenvalues[0]!));
  }

  /**
   * What to solve for, vectors of unit length: the residual of the first vector that is open, at first those of the whole
   * block; for a check, by turns, a random vector and what the solve before has left. A random one, too, where all there are
   * have converged and are too few.
   */
  private rightHandSides(iteration: number, isCheck: boolean): Tensor1D[] {
    const { residualNorms } = this.pairs;
    const most = iteration === 1 ? this.blockSize : 1;
    const open = this.pairs.open(super.isDone ? this.roughTolerance : this.tolerance).slice(0, most);
    if (isCheck && this.numChecks % 2 > 0 && this.rest != null) return [this.rest.clone()];
    if (open.length === 0 || isCheck) return [this.randomUnit()];
    const residual = this.residual();
    const units = tidy(() => open.map((i): Tensor1D => div(rowOf(residual, i), residualNorms[i]!)));
    release(residual);
    return units;
  }

  /** What vectors of unit length, which are disposed, lead to, as rows owned by the caller; null for a NaN. */
  private *solvedRows(units: readonly Tensor1D[]): SolverSteps<Tensor2D | null> {
    const rows: Tensor1D[] = [];
    try {
      for (const unit of units) {
        const isWorth = this.products.budget.allows(WORTH_A_SOLVE + PRODUCTS_AFTER);
        const found = isWorth ? yield* this.solved(unit) : [unit.clone()];
        if (found == null) return null;
        release(this.rest);
        this.rest = found.length > 1 ? unitVector(found.at(-1)!) : null;
        rows.push(...found);
      }
      return stack(rows) as Tensor2D;
    } finally {
      release(...units, ...rows);
    }
  }

  /**
   * The solution of (A - σI)x = b as far as it goes, and what it leaves of b: where A - σI is singular, that is a vector of
   * its null space. Owned by the caller; null where a number is not finite.
   */
  private *solved(b: Tensor1D): SolverSteps<Tensor1D[] | null> {
    const { plan, products, where } = this;
    const { near, onAbort, signal } = plan;
    const options: MinresOptions & DriveOptions = {
      damping: -near,
      tol: SOLVE_TOL,
      maxIterations: SOLVE_ITERATIONS,
      maxMatvecs: products.budget.left - PRODUCTS_AFTER,
      onAbort,
      signal,
      onProgress: ({ numMatvecs }) => this.report(numMatvecs),
    };
    const solution = yield* minresSteps(products.operator, b, options, where);
    products.budget.spent += solution.numMatvecs;
    const x: Tensor1D = mul(solution.x, products.scale);
    solution.dispose();
    let rest: Tensor1D | null = null;
    let kept: Tensor1D[] = [];
    try {
      const image = yield* products.multiply(x);
      rest = sub(b, image) as Tensor1D;
      image.dispose();
      const both = [x, rest];
      const squares = yield innerProducts([x, x], [rest, rest]);
      if (!squares.every(Number.isFinite)) return null;
      kept = both.filter((_, i) => squares[i]! > NOTHING);
      return kept.length > 0 ? kept : [b.clone()];
    } finally {
      for (const tensor of [x, rest]) if (tensor != null && !kept.includes(tensor)) tensor.dispose();
    }
  }

  /** Whether the wanted pairs are found, and the rest of the block roughly. */
  private get isBlockFound(): boolean {
    const count = Math.min(this.blockSize, this.values.length);
    return super.isDone && this.pairs.areWithin(count, this.roughTolerance);
  }

  private get roughTolerance(): BlockTolerance {
    return { ...this.tolerance, tol: Math.max(this.plan.tol, ROUGH) };
  }
}
