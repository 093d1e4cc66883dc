import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { tensor1d } from '@tensorflow/tfjs-core';
import { DOUBTFUL, NEGLIGIBLE } from '../float32.js';
import type { AsyncLinearOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { SeededRandom } from '../random.js';
import { KrylovBasis } from './basis.js';
import type { Candidate } from './candidate.js';
import { candidateOf, discard } from './candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { NormalizedOperator } from './normalized-operator.js';
import { orthogonalize } from './orthogonalize.js';
import { ProductBudget } from './product-budget.js';
import { ProjectedMatrix } from './projected-matrix.js';
import { projectProduct } from './projected-product.js';
import { RowQueue } from './row-queue.js';
import { RowsAside } from './rows-aside.js';

/** What became of a vector offered to the basis. */
export type Extension = 'extended' | 'dependent' | 'nonFinite';

/**
 * The recurrence: A V = V H, with V orthonormal rows of which some have been multiplied and some are pending.
 *
 *     A v_j = sum over the rows i known at that time of h_ij v_i, and a new row for what is left over
 *
 * One pending row is ordinary Lanczos; several are a band (Ruhe 1979, Freund 2000), which is what a warm start
 * from several vectors, a fresh vector after a breakdown and a second random start all come to. All coefficients
 * are measured against all rows, so the relation holds to rounding whatever A is, and what H lacks
 * of symmetry is what A lacks of it.
 */
export class LanczosFactorization<
  O extends LinearOperator | AsyncLinearOperator = LinearOperator | AsyncLinearOperator,
> {
  /** V on the device: multiplied and pending rows in the order in which they were found. */
  readonly basis: KrylovBasis;
  /** Largest norm of a product of a unit vector seen so far: a lower bound of the spectral norm of A. */
  norm = 0;
  /** Largest |h_ij - h_ji| seen so far. */
  asymmetry = 0;

  private readonly queue = new RowQueue();
  private readonly matrix = new ProjectedMatrix();
  private readonly products: NormalizedOperator<O>;
  private readonly aside: RowsAside;

  /**
   * @param operator symmetric
   * @param room vectors that may be held at most while rows are replaced: see {@link KrylovBasis}
   * @param budget counts the products; who extends sees to it that it allows them
   */
  constructor(
    readonly operator: O,
    room = 0,
    readonly budget: ProductBudget = new ProductBudget(),
  ) {
    this.products = new NormalizedOperator(operator, 0, budget);
    this.basis = new KrylovBasis(operator.size, room);
    this.aside = new RowsAside(this.basis, this.matrix);
  }

  /** Indices of the rows that have been multiplied, in the order of their products. */
  get processed(): readonly number[] {
    return this.queue.processed;
  }

  /** Indices of the rows that are still to be multiplied, oldest first. */
  get pending(): readonly number[] {
    return this.queue.pending;
  }

  /** Products spent so far. */
  get numMatvecs(): number {
    return this.products.numMatvecs;
  }

  /** Vectors held: the rows, and those set aside. */
  get held(): number {
    return this.basis.rows + this.aside.length;
  }

  /** Whether rows are set aside at present. */
  get isReduced(): boolean {
    return this.aside.length > 0;
  }

  /** Whether the rows span all of R^n. */
  get isComplete(): boolean {
    return this.basis.rows >= this.operator.size;
  }

  /** The coefficient of row i in A v_j, for a multiplied row j. */
  coefficient(i: number, j: number): number {
    return this.matrix.at(i, j);
  }

  /** The coefficients of A v_j, for a multiplied row j, along the rows known then and the one it brought up. */
  column(j: number): Float64Array {
    return this.matrix.column(j);
  }

  /**
   * Multiplies one pending row and adds what is left over of the product as a new pending row.
   *
   * @param row the pending row to multiply; default the one found first
   * @returns 'dependent' where nothing is left over: the rows of that chain span an invariant subspace
   */
  *extend(row = this.pending[0]!): SolverSteps<Extension> {
    this.queue.remove(row);
    const { candidate, coefficients, remainder, norm, scale } = yield* projectProduct(
      this.products,
      this.basis,
      () => this.basis.row(row),
      this.firstCoupled(row),
    );
    const column = Float64Array.of(...coefficients, remainder);
    if (!Number.isFinite(norm)) {
      discard(candidate);
      return 'nonFinite';
    }
    this.norm = Math.max(this.norm, norm);
    this.queue.process(row);
    this.matrix.set(row, column);
    this.aside.mirror(row, this.processed);
    for (const other of this.processed) {
      const difference = Math.abs(this.coefficient(row, other) - column[other]!);
      this.asymmetry = Math.max(this.asymmetry, difference);
    }
    return this.accept(candidate, remainder / scale, (NEGLIGIBLE * this.norm) / scale);
  }

  /**
   * Offers a vector of the operator's space as a new pending row.
   *
   * @param vector shape [n], of any length but zero; disposed here
   * @returns 'dependent' where the vector lies in the span of the rows to rounding, or is zero
   */
  *include(vector: Tensor1D): SolverSteps<Extension> {
    const candidate = candidateOf(vector);
    const { coefficients, remainder } = yield* orthogonalize(this.basis, candidate);
    const norm = Math.hypot(...coefficients, remainder);
    if (!Number.isFinite(norm)) {
      discard(candidate);
      return 'nonFinite';
    }
    return this.accept(candidate, remainder, DOUBTFUL * norm);
  }

  /**
   * Sets pending rows aside, by default all: until they are taken back, what joins is orthogonal to the others alone.
   */
  setAside(rows: readonly number[] = this.pending): void {
    for (const row of [...rows].sort((a, b) => b - a)) {
      this.aside.put(row);
      this.queue.takeOut(row);
    }
  }

  /** Takes back what was set aside, as far as it does not lie in the span of the rows by now. */
  *takeBack(): SolverSteps<void> {
    while (this.aside.length > 0) {
      const { candidate, remainder } = yield* this.aside.takeBack(this.processed);
      this.accept(candidate, remainder, NEGLIGIBLE);
    }
  }

  /** Turns rows that are all pending within their span, so that the first of them is their scaled sum. */
  gatherPending(): void {
    const { length } = this.pending;
    if (length > 1) this.basis.rotate(reflectionTo(new Float64Array(length).fill(1 / Math.sqrt(length))));
  }

  /** Share of the product of the first row, the only one multiplied yet, that lies outside the span of the start vectors. */
  firstResidual(): number {
    const column = this.matrix.column(0);
    return Math.abs(column.at(-1)!) / Math.hypot(...column);
  }

  /**
   * Replaces all pending rows by the one direction in which the product of the first row, the only one that has been
   * multiplied, leaves that row: the chain that Lanczos goes on with from the first row alone.
   */
  foldPending(): void {
    const [along, ...rest] = this.matrix.column(0);
    const beta = Math.hypot(...rest);
    this.basis.rotate([
      [1, ...rest.map(() => 0)],
      [0, ...rest.map((h) => h / beta)],
    ]);
    this.matrix.set(0, Float64Array.of(along!, beta));
    this.queue.pending = [1];
  }

  /** Adds a random direction orthogonal to all rows, unless they span R^n. */
  *includeRandom(random: SeededRandom): SolverSteps<Extension> {
    if (this.isComplete) return 'dependent';
    // Uniform like ARPACK's: a third of the time of normal numbers, and any direction can come out.
    return yield* this.include(tensor1d(random.fillCentered(new Float32Array(this.operator.size))));
  }

  /**
   * Replaces the multiplied rows by combinations of them, the pending rows stay: the thick restart
   * (Wu & Simon 2000). Rows set aside are taken back before.
   *
   * @param vectors orthonormal coefficients with respect to {@link processed}, a list for each row to keep
   * @returns the new rows as weights of the old ones
   */
  restart(vectors: readonly Float64Array[]): Float64Array[] {
    const images = vectors.map((vector) => this.apply(vector));
    const weights = this.queue.replace(vectors, this.basis.rows);
    this.basis.rotate(weights);
    this.matrix.replace(images.map((image) => Float64Array.from(weights, (row) => dot(row, image))));
    return weights;
  }

  /**
   * Hands over combinations of the multiplied rows and ends the factorization.
   *
   * @param vectors orthonormal coefficients with respect to {@link processed}
   * @returns the combinations as rows, shape [vectors.length, n], owned by the caller
   */
  extract(vectors: readonly Float64Array[]): Tensor2D {
    const { basis, queue } = this;
    basis.rotate(vectors.map((vector) => queue.expand(vector, basis.rows)));
    return basis.release();
  }

  /** The coefficients of A times a combination of the multiplied rows, along all rows. */
  apply(vector: Float64Array): Float64Array {
    return this.matrix.image(this.processed, vector, this.basis.rows);
  }

  /** Releases the rows. */
  dispose(): void {
    this.basis.dispose();
    this.aside.dispose();
  }

  /** The first row along which the product of a row can have a coefficient, as the columns known so far have it. */
  private firstCoupled(row: number): number {
    const negligible = NEGLIGIBLE * this.norm;
    const coupled = this.processed.filter((i) => Math.abs(this.coefficient(row, i)) > negligible);
    return Math.min(row, ...coupled);
  }

  private accept(candidate: Candidate, remainder: number, negligible: number): Extension {
    if (remainder <= negligible || this.isComplete) {
      discard(candidate);
      return 'dependent';
    }
    this.queue.push(this.basis.rows);
    this.basis.append(candidate);
    return 'extended';
  }
}

/** Rows of the Householder reflection that takes e₁ to a unit vector of positive sum: a symmetric orthogonal matrix. */
function reflectionTo(unit: Float64Array): Float64Array[] {
  const normal = unit.map((x, i) => (i === 0 ? 1 - x : -x));
  const square = dot(normal, normal);
  return Array.from(unit, (_, i) => normal.map((x, j) => (i === j ? 1 : 0) - (2 * normal[i]! * x) / square));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
