import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, clone, concat, mul, slice, sub, tidy, zeros } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { RectangularOperator } from '../operators/rectangular-operator.js';
import { adjointImageOf, imageOf } from '../operators/rectangular-operator.js';
import { requireVector } from '../parameters.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { powerOfTwoNear, powerOfTwoOf } from './normalized-operator.js';
import { rescaled } from './rescaled.js';
import type { ProductBudget } from './product-budget.js';
import { innerProducts, release } from './vector-arithmetic.js';

/** A residual as it is, not as a recurrence has it; owned by the caller. */
export interface NormalResidual {
  /** r = b/t - Āz, of m numbers or m + n. */
  readonly residual: Tensor1D;
  /** ‖r‖. */
  readonly norm: number;
  /** The part of it that is ‖b - Ax‖ / t. */
  readonly dataNorm: number;
  /** Āᵀr. */
  readonly gradient: Tensor1D;
  /** ‖Āᵀr‖. */
  readonly gradientNorm: number;
}

/**
 * min ‖b - Ax‖² + λ²‖x‖² as min ‖b/t - Āz‖ with Ā = [A; λI]/s, b filled up with zeros, and x = (t/s)z. The powers of two s and t are
 * near the size of Aᵀb, or of λ where that is larger, and of b, so that no square of a number leaves the range of float32.
 */
export class LeastSquaresSystem {
  /** s, from the first product with Aᵀ that is not zero, and λ. */
  private measured: number | null = null;

  private constructor(
    private readonly operator: RectangularOperator,
    private readonly damping: number,
    readonly budget: ProductBudget,
    /** b/t, filled up. */
    private readonly right: Tensor1D,
    /** t. */
    private readonly scale: number,
  ) {}

  /** Checks b, which stays the caller's. @throws CurvatureArgumentError that names `where` */
  static *of(
    operator: RectangularOperator,
    b: Tensor1D,
    damping: number,
    budget: ProductBudget,
    where: string,
  ): SolverSteps<LeastSquaresSystem> {
    const [m, n] = operator.shape;
    requireVector(b, m, where);
    // Held, so that the caller may dispose of theirs while the system is solved.
    const held = clone(b);
    let right: Tensor1D | null = null;
    let isDone = false;
    try {
      const scale = (yield* powerOfTwoOf(held)) ?? 1;
      right = tidy(() => {
        const scaled: Tensor1D = mul(held, 1 / scale);
        return damping === 0 ? scaled : (concat([scaled, zeros([n])]) as Tensor1D);
      });
      const norm = (yield innerProducts([right, right]))[0]!;
      const problem = 'one with a NaN or an infinity in it';
      requireThat(Number.isFinite(norm), where, 'a finite right-hand side', problem);
      isDone = true;
      return new LeastSquaresSystem(operator, damping, budget, right, scale);
    } finally {
      held.dispose();
      if (!isDone) release(right);
    }
  }

  /** s. */
  get operatorScale(): number {
    return this.measured ?? 1;
  }

  /** What ‖Āᵀr‖ is to be multiplied by to be ‖Aᵀ(b - Ax) - λ²x‖, and ‖r‖ to be ‖b - Ax‖. */
  get scales(): { readonly gradient: number; readonly residual: number } {
    return { gradient: this.scale * this.operatorScale, residual: this.scale };
  }

  /** Āv as a new vector; one product. */
  *forward(v: Tensor1D): SolverSteps<Tensor1D> {
    const product = imageOf(this.operator, v);
    this.budget.spent++;
    try {
      const s = yield* this.scaleBy(product);
      return tidy(() => {
        const scaled: Tensor1D = mul(product, 1 / s);
        return this.damping === 0 ? scaled : concat([scaled, mul(v, this.damping / s) as Tensor1D]);
      });
    } finally {
      product.dispose();
    }
  }

  /** Āᵀu as a new vector; one product. */
  *backward(u: Tensor1D): SolverSteps<Tensor1D> {
    const [m] = this.operator.shape;
    const own: Tensor1D = tidy(() => slice(u, [0], [m]));
    let product: Tensor1D | null = null;
    try {
      product = adjointImageOf(this.operator, own);
      this.budget.spent++;
      const s = yield* this.scaleBy(product);
      const image = product;
      return tidy(() => {
        const scaled: Tensor1D = mul(image, 1 / s);
        return this.damping === 0 ? scaled : add(scaled, mul(slice(u, [m], [-1]), this.damping / s));
      });
    } finally {
      release(own, product);
    }
  }

  /** The residual of z, null for 0, which saves a product: two products else. */
  *residualOf(z: Tensor1D | null): SolverSteps<NormalResidual> {
    const [m] = this.operator.shape;
    let residual: Tensor1D | null = null;
    let gradient: Tensor1D | null = null;
    let isDone = false;
    try {
      if (z == null) residual = clone(this.right);
      else {
        const image = yield* this.forward(z);
        residual = tidy(() => sub(this.right, image));
        image.dispose();
      }
      gradient = yield* this.backward(residual);
      // Where s is λ the gradient may be so short that float32 does not hold its square.
      const size = (yield* powerOfTwoOf(gradient)) ?? 1;
      const [r, g] = [residual, gradient];
      const squares = tidy(() => {
        const data = slice(r, [0], [m]) as Tensor1D;
        const scaled: Tensor1D = mul(g, 1 / size);
        return innerProducts([r, r], [data, data], [scaled, scaled]);
      });
      const [norm, dataNorm, length] = Array.from(yield squares, Math.sqrt) as [number, number, number];
      isDone = true;
      return { residual, norm, dataNorm, gradient, gradientNorm: size * length };
    } finally {
      if (!isDone) release(residual, gradient);
    }
  }

  /** The x of a z as a new vector. @throws CurvatureArgumentError where float32 does not hold it */
  solutionOf(z: Tensor1D, where: string): SolverSteps<Tensor1D> {
    return rescaled(z, this.scale / this.operatorScale, 'a solution', where);
  }

  dispose(): void {
    this.right.dispose();
  }

  private *scaleBy(product: Tensor1D): SolverSteps<number> {
    if (this.measured == null) {
      const size = yield* powerOfTwoOf(product);
      if (size != null) this.measured = Math.max(size, powerOfTwoNear(this.damping) ?? 0);
    }
    return this.operatorScale;
  }
}
