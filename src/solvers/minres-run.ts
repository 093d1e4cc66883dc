import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone, mul, tidy } from '@tensorflow/tfjs-core';
import { KrylovBasis } from './basis.js';
import { candidateOf, discard, vectorOf } from './candidate.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { NEGLIGIBLE } from '../float32.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { orthogonalize } from './orthogonalize.js';
import { SymmetryWatch } from './require-symmetric.js';
import type { RotatedColumn } from './tridiagonal-least-squares.js';
import { TridiagonalLeastSquares } from './tridiagonal-least-squares.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/**
 * What became of a step: 'ended' where the residual is that of a least-squares solution, or the space is invariant.
 */
export type MinresStep = 'taken' | 'ended' | 'nonFinite';

/** A run of MINRES from one residual r: the correction z of least ‖r - Az‖, in some norm, in a space that grows. */
export interface CorrectionRun {
  /** ‖r - Az‖₂ as the recurrence has it. */
  readonly residualNorm: number;
  /** A lower bound of ‖A‖. */
  readonly norm: number;
  /** Steps taken. */
  readonly size: number;
  /** ‖z‖, or that of the step before. */
  readonly length: number;
  /** Takes a step. */
  step(): SolverSteps<MinresStep>;
  /** z as a new vector, owned by the caller; after one step at least. */
  correction(): Tensor1D;
  /** The same before the last step; null where that was the first, and unless it has made z twice as long. */
  correctionBefore(): Tensor1D | null;
  dispose(): void;
}

/** What is left of a product by the rows it couples to. */
interface Extension {
  readonly alpha: number;
  readonly nextBeta: number;
  readonly candidate: ReturnType<typeof candidateOf>;
}

/** The vectors that take the place of rows where there is no room for more. */
interface Tail {
  /** The present and the last Lanczos vector. */
  vector: Tensor1D;
  lastVector: Tensor1D;
  /** The last two columns of VR⁻¹. */
  direction: Tensor1D;
  lastDirection: Tensor1D;
  /** VR⁻¹t. */
  correction: Tensor1D;
  /** The same before the last step. */
  lastCorrection: Tensor1D;
  /** ‖correction‖ before the last step. */
  length: number;
}

/**
 * MINRES from one residual r: the correction z = Vy of least ‖r - Az‖ in the Krylov space that grows from r.
 *
 * The basis V is kept, as far as there is room, and every new vector orthogonalised against it. The correction is put
 * together from its rows: the recurrence of the directions VR⁻¹ would lose κ² in place of κ (Sleijpen, van der Vorst &
 * Modersitzki 2000). Where there is no room for another row, that recurrence goes on from there.
 */
export class MinresRun implements CorrectionRun {
  private readonly problem: TridiagonalLeastSquares;
  private readonly basis: KrylovBasis;
  private tail: Tail | null = null;
  private beta = 0;
  private readonly symmetry: SymmetryWatch;

  /**
   * @param residual r; disposed here
   * @param residualNorm ‖r‖
   * @param rows of the basis at most, two at least
   */
  constructor(
    private readonly products: NormalizedOperator,
    residual: Tensor1D,
    residualNorm: number,
    private readonly rows: number,
    where: string,
  ) {
    this.symmetry = new SymmetryWatch(products.operator, where, products.budget);
    this.problem = new TridiagonalLeastSquares(residualNorm);
    this.basis = new KrylovBasis(products.size);
    this.basis.append(candidateOf(residual), 1 / residualNorm);
  }

  get residualNorm(): number {
    return this.problem.residualNorm;
  }

  get norm(): number {
    return this.problem.norm;
  }

  get size(): number {
    return this.problem.size;
  }

  /** ‖z‖, or that of the step before where the basis is full. */
  get length(): number {
    return this.tail?.length ?? Math.hypot(...this.problem.solution());
  }

  correction(): Tensor1D {
    return this.tail == null ? this.combine(this.problem.solution()) : clone(this.tail.correction);
  }

  correctionBefore(): Tensor1D | null {
    const before = this.problem.solutionBefore();
    if (before == null) return null;
    return this.tail == null ? this.combine(before) : clone(this.tail.lastCorrection);
  }

  /** One product. */
  *step(): SolverSteps<MinresStep> {
    const { problem, beta } = this;
    const { alpha, nextBeta, candidate } = yield* this.tail == null
      ? this.extend()
      : this.extendTail(this.tail);
    const negligible = NEGLIGIBLE * Math.max(problem.norm, Math.hypot(beta, alpha, nextBeta));
    const isFinite = Number.isFinite(negligible);
    // Close to 0, x solves the least-squares problem (Choi, Paige & Saunders 2011).
    if (!isFinite || problem.slope(beta, alpha, nextBeta) <= negligible) {
      discard(candidate);
      return isFinite ? 'ended' : 'nonFinite';
    }
    const column = problem.add(beta, alpha, nextBeta);
    if (nextBeta <= negligible) {
      discard(candidate);
      if (this.tail != null) this.advance(this.tail, column);
      return 'ended';
    }
    this.beta = nextBeta;
    if (this.tail != null) {
      this.advance(this.tail, column);
      this.turn(this.tail, vectorOf(candidate));
    } else if (this.basis.rows < this.rows) {
      this.basis.append(candidate);
    } else {
      this.tail = this.startTail(vectorOf(candidate));
    }
    return 'taken';
  }

  dispose(): void {
    this.basis.dispose();
    if (this.tail == null) return;
    const { vector, lastVector, direction, lastDirection, correction, lastCorrection } = this.tail;
    release(vector, lastVector, direction, lastDirection, correction, lastCorrection);
  }

  /** The product of the last row, orthogonal to all of them. */
  private *extend(): SolverSteps<Extension> {
    const row = this.basis.rows - 1;
    const candidate = candidateOf(yield* this.products.consume(this.basis.row(row)));
    const { coefficients, remainder } = yield* orthogonalize(this.basis, candidate, Math.max(0, row - 1));
    const expected = (i: number): number => (i === row - 1 ? this.beta : 0);
    yield* this.requireSymmetric(
      candidate,
      coefficients.subarray(0, row).map((h, i) => h - expected(i)),
      coefficients,
    );
    return { alpha: coefficients[row]!, nextBeta: remainder, candidate };
  }

  /** The product of the present vector, orthogonal to it, to the one before and to the rows that are kept. */
  private *extendTail(tail: Tail): SolverSteps<Extension> {
    const { vector, lastVector, correction } = tail;
    const product = yield* this.products.multiply(vector);
    const next = plusMultiple(product, lastVector, -this.beta);
    product.dispose();
    let rest: Tensor1D;
    let alpha: number;
    try {
      const [along, square] = yield innerProducts([vector, next], [correction, correction]);
      alpha = along!;
      tail.length = Math.sqrt(square!);
      rest = plusMultiple(next, vector, -alpha);
    } finally {
      next.dispose();
    }
    const candidate = candidateOf(rest);
    const { coefficients, remainder } = yield* orthogonalize(this.basis, candidate);
    // Along the last row there is what the vectors beyond have lost of their orthogonality.
    const lacks = coefficients.subarray(0, this.basis.rows - 1);
    yield* this.requireSymmetric(candidate, lacks, [alpha, this.beta, remainder]);
    return { alpha, nextBeta: remainder, candidate };
  }

  /** @param lacks what the coefficients of a product lack of those that symmetry gives them */
  private *requireSymmetric(
    candidate: Extension['candidate'],
    lacks: ArrayLike<number>,
    coefficients: ArrayLike<number>,
  ): SolverSteps<void> {
    const { scale } = this.products;
    const norm = scale * Math.max(this.problem.norm, Math.hypot(...Array.from(coefficients)));
    const asymmetry = scale * Math.max(0, ...Array.from(lacks, Math.abs));
    let isDone = false;
    try {
      yield* this.symmetry.observe(asymmetry, norm);
      isDone = true;
    } finally {
      if (!isDone) discard(candidate);
    }
  }

  /** What goes on where the rows end. @param vector taken over */
  private startTail(vector: Tensor1D): Tail {
    const { problem } = this;
    const solution = problem.solution();
    return {
      vector,
      lastVector: this.basis.row(this.basis.rows - 1),
      direction: this.combine(problem.direction(problem.size - 1)),
      lastDirection: this.combine(problem.direction(problem.size - 2)),
      correction: this.combine(solution),
      lastCorrection: this.combine(problem.solutionBefore() ?? solution),
      length: Math.hypot(...solution),
    };
  }

  /** d = (v - middle d₋₁ - above d₋₂) / pivot, z += length d. */
  private advance(tail: Tail, { above, middle, pivot, length }: RotatedColumn): void {
    const direction = tidy(() => {
      const rest = plusMultiple(tail.vector, tail.direction, -middle);
      return mul(plusMultiple(rest, tail.lastDirection, -above), 1 / pivot) as Tensor1D;
    });
    const correction = plusMultiple(tail.correction, direction, length);
    release(tail.lastCorrection, tail.lastDirection);
    const [lastCorrection, lastDirection] = [tail.correction, tail.direction];
    Object.assign(tail, { correction, lastCorrection, direction, lastDirection });
  }

  private turn(tail: Tail, next: Tensor1D): void {
    tail.lastVector.dispose();
    tail.lastVector = tail.vector;
    tail.vector = next;
  }

  /** The rows, of which the last may be one more than there are weights. */
  private combine(weights: Float64Array): Tensor1D {
    const padded = new Float64Array(this.basis.rows);
    padded.set(weights);
    return this.basis.combine(padded);
  }
}
