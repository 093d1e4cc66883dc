import type { Tensor1D } from '@tensorflow/tfjs-core';
import { mul, tidy } from '@tensorflow/tfjs-core';
import { NEGLIGIBLE } from '../float32.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { KrylovBasis } from './basis.js';
import { candidateOf, discard } from './candidate.js';
import type { LeastSquaresSystem, NormalResidual } from './least-squares-system.js';
import { orthogonalize } from './orthogonalize.js';
import { TridiagonalLeastSquares } from './tridiagonal-least-squares.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** What became of a step: 'ended' where the space is invariant, so that it holds the solution. */
export type LsmrStep = 'taken' | 'ended' | 'nonFinite';

/**
 * LSMR from one residual r: the correction z = Vy of least ‖Āᵀ(r - Āz)‖ in the Krylov space that grows from Āᵀr. With the
 * bidiagonal matrix of the Golub-Kahan recurrence, β₁u₁ = r, Ā V = U B,
 *
 *     ‖Āᵀ(r - ĀVy)‖ = ‖ ‖Āᵀr‖ e₁ - T y ‖,   T = BᵀB with one row more: tridiagonal,
 *
 * which is solved in double precision. Fong & Saunders recur the directions and keep no basis. Here V is kept, every new v is
 * orthogonalised against it, which keeps the left vectors orthogonal, too (Simon & Zha 2000), and z is put together from its rows.
 */
export class LsmrRun {
  private readonly problem: TridiagonalLeastSquares;
  private readonly basis: KrylovBasis;
  /** The left vector u that the recurrence has come to. */
  private left: Tensor1D;
  /** α and β of that, where the one before is the last in the basis. */
  private alpha: number;
  private beta = 0;
  /** The largest norm of a column of B: a lower bound of ‖Ā‖. */
  norm: number;

  /** @param start r and Āᵀr, neither of them zero; disposed here */
  constructor(
    private readonly system: LeastSquaresSystem,
    { residual, norm, gradient, gradientNorm }: NormalResidual,
  ) {
    this.problem = new TridiagonalLeastSquares(gradientNorm);
    this.alpha = gradientNorm / norm;
    this.norm = this.alpha;
    this.basis = new KrylovBasis(gradient.size);
    this.basis.append(candidateOf(gradient), 1 / gradientNorm);
    this.left = mul(residual, 1 / norm);
    residual.dispose();
  }

  /** ‖Āᵀ(r - Āz)‖ as the recurrence has it. */
  get gradientNorm(): number {
    return this.problem.residualNorm;
  }

  /** Steps taken. */
  get size(): number {
    return this.problem.size;
  }

  /** Two products; one where the space ends with the first. */
  *step(): SolverSteps<LsmrStep> {
    const { alpha, beta, basis, problem } = this;
    const nextBeta = yield* this.extendLeft(basis.row(basis.rows - 1));
    const column = Math.hypot(alpha, nextBeta);
    if (!Number.isFinite(column)) return 'nonFinite';
    this.norm = Math.max(this.norm, column);
    const negligible = NEGLIGIBLE * this.norm;
    if (nextBeta <= negligible) {
      problem.add(alpha * beta, alpha * alpha, 0);
      return 'ended';
    }
    const candidate = candidateOf(yield* this.system.backward(this.left));
    const { remainder } = yield* orthogonalize(basis, candidate, basis.rows - 1);
    if (!Number.isFinite(remainder)) {
      discard(candidate);
      return 'nonFinite';
    }
    const isOver = remainder <= negligible || basis.rows >= basis.size;
    problem.add(alpha * beta, alpha * alpha + nextBeta * nextBeta, isOver ? 0 : remainder * nextBeta);
    if (isOver) {
      discard(candidate);
      return 'ended';
    }
    basis.append(candidate);
    [this.alpha, this.beta] = [remainder, nextBeta];
    return 'taken';
  }

  /** z as a new vector, owned by the caller; after one step at least. */
  correction(): Tensor1D {
    const weights = new Float64Array(this.basis.rows);
    weights.set(this.problem.solution());
    return this.basis.combine(weights);
  }

  dispose(): void {
    this.basis.dispose();
    release(this.left);
  }

  /** Replaces u by what is left of Āv, which is disposed, divided by its norm. @returns β, the norm */
  private *extendLeft(v: Tensor1D): SolverSteps<number> {
    let rest: Tensor1D | null = null;
    try {
      const image = yield* this.system.forward(v);
      rest = plusMultiple(image, this.left, -this.alpha);
      image.dispose();
      const norm = Math.sqrt((yield innerProducts([rest, rest]))[0]!);
      if (norm > 0 && Number.isFinite(norm)) {
        const next: Tensor1D = tidy(() => mul(rest!, 1 / norm));
        this.left.dispose();
        this.left = next;
      }
      return norm;
    } finally {
      release(v, rest);
    }
  }
}
