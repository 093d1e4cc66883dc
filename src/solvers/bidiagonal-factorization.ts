import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { DOUBTFUL, NEGLIGIBLE } from '../float32.js';
import type { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { AdjointCoefficients } from './adjoint-coefficients.js';
import { KrylovBasis } from './basis.js';
import type { Candidate } from './candidate.js';
import { discard } from './candidate.js';
import { NormalizedOperator } from './normalized-operator.js';
import { orthogonalize } from './orthogonalize.js';
import type { ProductBudget } from './product-budget.js';
import type { ProjectedProduct } from './projected-product.js';
import { projectProduct } from './projected-product.js';
import { appendRandom } from './random-row.js';
import { afterTakingOut, RowQueue } from './row-queue.js';

/** A linear map seen from one side: the product of a vector of the other side is one of R^size. */
export interface OneSide {
  readonly size: number;
  matvec(v: Tensor1D): Tensor1D;
  dispose(): void;
}

/** What became of a step: 'dependent' where its chain has come to an end. */
export type BidiagonalStep = 'extended' | 'dependent' | 'nonFinite';

/** A singular triplet by coefficients. */
export interface SingularTriplet {
  readonly value: number;
  /** Of u along the left rows. */
  readonly left: Float64Array;
  /** Of v along the processed right rows. */
  readonly right: Float64Array;
}

/** A right row that has not been multiplied, out of the basis. */
interface RowAside {
  readonly candidate: Candidate;
  /** For each left row there was then, the coefficient of Aᵀu_i along this one. */
  readonly couplings: Float64Array;
}

/**
 * The Golub-Kahan recurrence with full reorthogonalisation: orthonormal right rows v and left rows u with
 *
 *     A v_j = Σ_i c_ij u_i,   Aᵀ u_i = Σ_j d_ji v_j.
 *
 * A step multiplies a pending right row v; what is left of Av is a new left row u, which is multiplied at once, and what is left
 * of Aᵀu a new pending row. With one pending row c is bidiagonal; a fresh vector after a breakdown and chains that look for what
 * a start vector hides make several. All coefficients are measured against all rows, so that both relations hold to rounding
 * whatever the products are, and c_ij - d_ji is what one lacks of being the adjoint of the other.
 *
 * The right side has to be the shorter one, so that each right row can have a left one.
 */
export class BidiagonalFactorization {
  readonly right: KrylovBasis;
  readonly left: KrylovBasis;
  /** c, for each processed row in turn: the coefficients of Av along the left rows known then and the one it brought up. */
  images: Float64Array[] = [];
  /** Largest norm of a product of a unit vector seen so far: a lower bound of ‖A‖. */
  norm = 0;
  /** Largest |c_ij - d_ji| seen so far. */
  asymmetry = 0;
  /** The products of the last step: Av, and Aᵀu where there is a u. */
  latest: readonly ProjectedProduct[] = [];

  private readonly queue = new RowQueue();
  /**
   * Pending rows that came from Aᵀ of a left row which is random, or made of rounding. Until they are multiplied the projected
   * matrix is not complete.
   */
  private loose: number[] = [];
  private readonly adjoints = new AdjointCoefficients();
  private readonly forward: NormalizedOperator;
  private readonly backward: NormalizedOperator;
  private readonly aside: RowAside[] = [];

  /**
   * @param forward v -> Av
   * @param backward u -> Aᵀu
   * @param room vectors that a basis may hold at most while its rows are replaced: see {@link KrylovBasis}
   * @param budget counts the products; who extends sees to it that it allows two
   */
  constructor(
    forward: OneSide,
    backward: OneSide,
    room: number,
    readonly budget: ProductBudget,
  ) {
    this.forward = new NormalizedOperator(forward, 0, budget);
    this.backward = new NormalizedOperator(backward, 0, budget);
    this.right = new KrylovBasis(backward.size, room);
    this.left = new KrylovBasis(forward.size, room);
  }

  /** Indices of the right rows that have been multiplied, in the order of their products. */
  get processed(): readonly number[] {
    return this.queue.processed;
  }

  /** Indices of the right rows that are still to be multiplied, oldest first. */
  get pending(): readonly number[] {
    return this.queue.pending;
  }

  /** Right vectors held: the rows, and those set aside. */
  get held(): number {
    return this.right.rows + this.aside.length;
  }

  /** Whether rows are set aside at present. */
  get isReduced(): boolean {
    return this.aside.length > 0;
  }

  /** Whether there are pending rows without which the projected matrix is not complete. */
  get hasLooseRow(): boolean {
    return this.loose.length > 0;
  }

  /** Whether the right rows span their space. */
  get isComplete(): boolean {
    return this.right.rows >= this.right.size;
  }

  /** Multiplies a pending row, and what is left of its product: two products. */
  *extend(row: number, random: SeededRandom): SolverSteps<BidiagonalStep> {
    const { left, right, queue } = this;
    queue.remove(row);
    this.loose = this.loose.filter((other) => other !== row);
    const coupledLeft = this.adjoints.firstAlong(row, this.negligible);
    const image = yield* projectProduct(
      this.forward,
      left,
      () => right.row(row),
      coupledLeft < 0 ? Math.max(0, left.rows - 1) : coupledLeft,
    );
    if (!this.isFinite(image)) return 'nonFinite';
    // What the left rows that there were when rows were set aside have of this one lies in those aside.
    this.adjoints.set(row, image.coefficients, this.aside[0]?.couplings.length ?? 0);
    image.coefficients.forEach((c, i) => this.compare(c, this.adjoints.at(i, row)));
    const isNew = this.append(left, image);
    const hasLeft = isNew || (yield* appendRandom(left, random));
    queue.process(row);
    const { processed } = queue;
    this.images.push(isNew ? withRest(image) : image.coefficients);
    this.latest = [image];
    if (!hasLeft) return 'dependent';
    const last = left.rows - 1;
    const back = (q: number): number => this.images[q]![last] ?? 0;
    const coupled = processed.filter((_, q) => Math.abs(back(q)) > this.negligible);
    const adjoint = yield* projectProduct(
      this.backward,
      right,
      () => left.row(last),
      Math.min(row, ...coupled),
    );
    if (!this.isFinite(adjoint)) {
      // A left row counts as multiplied.
      discard(left.take(last));
      queue.forgetLast();
      this.images.pop();
      return 'nonFinite';
    }
    processed.forEach((j, q) => this.compare(adjoint.coefficients[j]!, back(q)));
    const isExtended = this.append(right, adjoint);
    this.adjoints.push(isExtended ? withRest(adjoint) : adjoint.coefficients);
    this.latest = [image, adjoint];
    if (isExtended) queue.push(right.rows - 1);
    if (isExtended && image.remainder <= DOUBTFUL * this.norm) this.loose.push(right.rows - 1);
    return isExtended ? 'extended' : 'dependent';
  }

  /** Adds a random pending row orthogonal to all right rows. @returns whether there was room for one */
  *includeRandom(random: SeededRandom): SolverSteps<boolean> {
    const isNew = yield* appendRandom(this.right, random);
    if (isNew) this.queue.push(this.right.rows - 1);
    return isNew;
  }

  /** The coefficients, along all right rows, of Aᵀ times a combination of the left ones. */
  adjointOf(left: Float64Array): Float64Array {
    return this.adjoints.image(left, this.right.rows);
  }

  /** Sets pending rows aside: until they are taken back, what joins is orthogonal to the others alone. */
  setAside(rows: readonly number[]): void {
    for (const row of [...rows].sort((a, b) => b - a)) {
      this.aside.unshift({ candidate: this.right.take(row), couplings: this.adjoints.drop(row) });
      this.queue.takeOut(row);
      this.loose = this.loose.filter((other) => other !== row).map(afterTakingOut(row));
    }
  }

  /** Takes back what was set aside, as far as it does not lie in the span of the rows by now. */
  *takeBack(): SolverSteps<void> {
    while (this.aside.length > 0) {
      const { candidate, couplings } = this.aside.shift()!;
      const { coefficients, remainder } = yield* orthogonalize(this.right, candidate);
      const parts = Float64Array.of(...coefficients, remainder);
      // Along these the coefficients are known: see `extend`.
      for (const row of this.processed) parts[row] = 0;
      this.adjoints.add(couplings, parts);
      if (remainder <= NEGLIGIBLE || this.isComplete) discard(candidate);
      else {
        this.queue.push(this.right.rows);
        this.right.append(candidate);
      }
    }
  }

  /**
   * Replaces the processed right rows and the left ones by those of some triplets, the pending rows stay: the thick restart
   * (Baglama & Reichel 2005). Nothing may be set aside.
   *
   * @returns the new rows as weights of the old ones
   */
  restart(kept: readonly SingularTriplet[]): {
    readonly right: Float64Array[];
    readonly left: Float64Array[];
  } {
    this.loose = this.loose.map((row) => kept.length + this.pending.indexOf(row));
    const processed = kept.map((triplet) => triplet.right);
    const right = this.queue.replace(processed, this.right.rows);
    const left = kept.map((triplet) => triplet.left);
    this.adjoints.rotate(left, right);
    this.images = kept.map(({ value }, i) => {
      const column = new Float64Array(i + 1);
      column[i] = value;
      return column;
    });
    this.right.rotate(right);
    this.left.rotate(left);
    return { right, left };
  }

  /** Hands over the vectors of some triplets as rows, owned by the caller, and ends the factorization. */
  extract(kept: readonly SingularTriplet[]): { readonly right: Tensor2D; readonly left: Tensor2D } {
    const { right, left, queue } = this;
    right.rotate(kept.map((triplet) => queue.expand(triplet.right, right.rows)));
    left.rotate(kept.map((triplet) => triplet.left));
    return { right: right.release(), left: left.release() };
  }

  /** Releases the rows. */
  dispose(): void {
    this.right.dispose();
    this.left.dispose();
    for (const { candidate } of this.aside) discard(candidate);
    this.aside.length = 0;
  }

  private compare(coefficient: number, other: number): void {
    this.asymmetry = Math.max(this.asymmetry, Math.abs(coefficient - other));
  }

  /** What is zero among coefficients. */
  private get negligible(): number {
    return NEGLIGIBLE * this.norm;
  }

  /** Takes up the norm of a product, which is released if it is not finite. */
  private isFinite({ norm, candidate }: ProjectedProduct): boolean {
    const isFinite = Number.isFinite(norm);
    if (isFinite) this.norm = Math.max(this.norm, norm);
    else discard(candidate);
    return isFinite;
  }

  /** Adds what is left of a product as a row, if that is something. */
  private append(basis: KrylovBasis, { candidate, remainder }: ProjectedProduct): boolean {
    const isNew = remainder > this.negligible && basis.rows < basis.size;
    if (isNew) basis.append(candidate);
    else discard(candidate);
    return isNew;
  }
}

/** The coefficients of a product along all rows and the one that it brought up. */
function withRest({ coefficients, remainder }: ProjectedProduct): Float64Array {
  return Float64Array.of(...coefficients, remainder);
}
