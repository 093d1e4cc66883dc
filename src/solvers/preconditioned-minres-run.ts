import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, clone, mul, tidy, zerosLike } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import { NEGLIGIBLE } from '../float32.js';
import type { CorrectionRun, MinresStep } from './minres-run.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { requireDefinite } from './preconditioner.js';
import { SymmetryWatch } from './require-symmetric.js';
import type { RotatedColumn } from './tridiagonal-least-squares.js';
import { TridiagonalLeastSquares } from './tridiagonal-least-squares.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** A Lanczos vector v with vᵀMv = 1, and z = Mv. */
interface LanczosVector {
  readonly v: Tensor1D;
  readonly z: Tensor1D;
}

/**
 * MINRES with a preconditioner M from one residual r: the correction of least √(rᵀMr) in the Krylov space of MA that grows
 * from Mr, by the recurrence of Paige & Saunders 1975, §6, in the inner product of M (Choi, Paige & Saunders 2011, §5).
 *
 * No basis is kept, so that it loses κ² in place of κ of the preconditioned system. The residual itself, whose Euclidean
 * length is the one that counts, goes along: it is the last row of the rotations, q ← -sq + cv, times their rest.
 */
export class PreconditionedMinresRun implements CorrectionRun {
  private readonly problem: TridiagonalLeastSquares;
  private readonly symmetry: SymmetryWatch;
  private last: LanczosVector | null = null;
  private direction: Tensor1D;
  private lastDirection: Tensor1D;
  private sum: Tensor1D;
  private lastSum: Tensor1D;
  private beta = 0;
  /** zᵀAz₋₁ of the present z and the one before. */
  private coupling = 0;
  private lastLength = 0;
  private largest = 0;

  /** @param first, q both taken over; `slope` and `length` are √(rᵀMr) and ‖r‖ */
  private constructor(
    private readonly products: NormalizedOperator,
    private readonly preconditioner: NormalizedOperator,
    private readonly where: string,
    private current: LanczosVector,
    private q: Tensor1D,
    slope: number,
    private qLength: number,
  ) {
    this.problem = new TridiagonalLeastSquares(slope);
    this.symmetry = new SymmetryWatch(products.operator, where, products.budget);
    this.direction = zerosLike(q);
    this.lastDirection = zerosLike(q);
    this.sum = zerosLike(q);
    this.lastSum = zerosLike(q);
  }

  /**
   * Begins a run, for a product of the preconditioner.
   *
   * @param residual r, not zero; disposed here
   * @throws CurvatureArgumentError that names `where` for a preconditioner that is not positive definite
   */
  static *begin(
    products: NormalizedOperator,
    preconditioner: NormalizedOperator,
    residual: Tensor1D,
    where: string,
  ): SolverSteps<PreconditionedMinresRun> {
    let image: Tensor1D | null = null;
    try {
      image = yield* preconditioner.multiply(residual);
      const squares = yield innerProducts([residual, image], [residual, residual], [image, image]);
      const [slope, square, imageSquare] = Array.from(squares) as [number, number, number];
      requireDefinite(slope, Math.sqrt(square), Math.sqrt(imageSquare), where);
      const beta = Math.sqrt(slope);
      const first = scaledPair(residual, image, 1 / beta);
      const length = Math.sqrt(square) / beta;
      const q = clone(first.v);
      return new PreconditionedMinresRun(products, preconditioner, where, first, q, beta, length);
    } finally {
      release(residual, image);
    }
  }

  get residualNorm(): number {
    return this.problem.residualNorm * this.qLength;
  }

  get norm(): number {
    return this.largest;
  }

  get size(): number {
    return this.problem.size;
  }

  get length(): number {
    return this.lastLength;
  }

  correction(): Tensor1D {
    return clone(this.sum);
  }

  correctionBefore(): Tensor1D | null {
    return this.problem.solutionBefore() == null ? null : clone(this.lastSum);
  }

  /** One product, and one of the preconditioner. */
  *step(): SolverSteps<MinresStep> {
    const { problem, beta, current, products, preconditioner } = this;
    let product: Tensor1D | null = null;
    let rest: Tensor1D | null = null;
    let image: Tensor1D | null = null;
    try {
      product = yield* products.multiply(current.z);
      const alpha = yield* this.measure(product);
      rest = this.orthogonalized(product, alpha);
      image = yield* preconditioner.multiply(rest);
      const { q, sum } = this;
      const pairs = [
        [rest, image],
        [rest, rest],
        [image, image],
        [q, rest],
        [sum, sum],
        [image, product],
      ] as const;
      const [slope, square, imageSquare, along, sumSquare, coupling] = Array.from(
        yield innerProducts(...pairs),
      );
      const negligible = NEGLIGIBLE * Math.max(problem.norm, Math.hypot(beta, alpha));
      if (!Number.isFinite(negligible) || !Number.isFinite(slope!)) return 'nonFinite';
      this.lastLength = Math.sqrt(sumSquare!);
      const isRounding = Math.sqrt(Math.abs(slope!)) <= negligible;
      if (!isRounding) requireDefinite(slope!, Math.sqrt(square!), Math.sqrt(imageSquare!), this.where);
      const nextBeta = isRounding ? 0 : Math.sqrt(slope!);
      // Close to 0, x solves the least-squares problem (Choi, Paige & Saunders 2011).
      if (problem.slope(beta, alpha, nextBeta) <= negligible) return 'ended';
      const column = problem.add(beta, alpha, nextBeta);
      this.advance(column);
      if (nextBeta === 0) return this.end();
      this.turn(
        column,
        scaledPair(rest, image, 1 / nextBeta),
        along! / nextBeta,
        Math.sqrt(square!) / nextBeta,
      );
      this.beta = nextBeta;
      this.coupling = coupling! / nextBeta;
      return 'taken';
    } finally {
      release(product, rest, image);
    }
  }

  dispose(): void {
    const { current, last, q, direction, lastDirection, sum, lastSum } = this;
    release(current.v, current.z, last?.v, last?.z, q, direction, lastDirection, sum, lastSum);
  }

  /** α = zᵀAz; the products of this vector and the one before agree for a symmetric A. */
  private *measure(product: Tensor1D): SolverSteps<number> {
    const { current, last, coupling, products } = this;
    const other = last?.z ?? current.z;
    const pairs = [
      [current.z, product],
      [other, product],
      [product, product],
      [current.z, current.z],
      [other, other],
    ] as const;
    const [alpha, reverse, square, length, otherLength] = Array.from(yield innerProducts(...pairs));
    const norm = Math.sqrt(square! / length!);
    this.largest = Math.max(this.largest, norm || 0);
    // Against β it would be what rounding takes of the orthogonality of the vectors, too.
    const difference = last == null ? 0 : Math.abs(reverse! - coupling) / Math.sqrt(length! * otherLength!);
    yield* this.symmetry.observe(products.scale * difference, products.scale * norm);
    return alpha!;
  }

  /** Az - βv₋₁ - αv, as a new vector. */
  private orthogonalized(product: Tensor1D, alpha: number): Tensor1D {
    const { current, last, beta } = this;
    return tidy(() => {
      const partly = plusMultiple(product, current.v, -alpha);
      return last == null ? partly : plusMultiple(partly, last.v, -beta);
    });
  }

  /** d = (z - middle d₋₁ - above d₋₂) / pivot, and a step along it. */
  private advance({ above, middle, pivot, length }: RotatedColumn): void {
    const direction = tidy(() => {
      const rest = plusMultiple(this.current.z, this.direction, -middle);
      return mul(plusMultiple(rest, this.lastDirection, -above), 1 / pivot) as Tensor1D;
    });
    const sum = plusMultiple(this.sum, direction, length);
    release(this.lastSum, this.lastDirection);
    this.lastSum = this.sum;
    this.sum = sum;
    this.lastDirection = this.direction;
    this.direction = direction;
  }

  /** @param along qᵀv of the next v, whose length is given */
  private turn({ cosine, sine }: RotatedColumn, next: LanczosVector, along: number, length: number): void {
    const { q, last } = this;
    this.q = tidy(() => add(mul(q, -sine), mul(next.v, cosine)));
    const square = (sine * this.qLength) ** 2 - 2 * sine * cosine * along + (cosine * length) ** 2;
    this.qLength = Math.sqrt(Math.max(0, square));
    release(q, last?.v, last?.z);
    this.last = this.current;
    this.current = next;
  }

  /** The space is invariant: nothing is left. */
  private end(): MinresStep {
    this.qLength = 0;
    return 'ended';
  }
}

function scaledPair(v: Tensor1D, z: Tensor1D, factor: number): LanczosVector {
  return tidy(() => ({ v: mul(v, factor) as Tensor1D, z: mul(z, factor) as Tensor1D }));
}
