import type { Tensor1D } from '@tensorflow/tfjs-core';
import { abs, max, mul, reshape, tidy } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { multiply } from './product.js';
import { ProductBudget } from './product-budget.js';
import { plusMultiple } from './vector-arithmetic.js';

/** Numbers within this factor of 1 have squares, and squares of those, that float32 holds. */
const COMFORTABLE = 2 ** 16;

/**
 * The power of two next to the largest entry of a vector, to divide it by: that does not round, and no square of a
 * number leaves the range of float32 then. It lies within 2^±126, as does its reciprocal.
 *
 * @param vector stays the caller's
 * @returns 1 where there is no need of scaling; null for a vector that is zero or not finite
 */
export function* powerOfTwoOf(vector: Tensor1D): SolverSteps<number | null> {
  return powerOfTwoNear((yield tidy(() => reshape(max(abs(vector)), [1])))[0]!);
}

/** The same for the largest entry itself. */
export function powerOfTwoNear(largest: number): number | null {
  if (!(largest > 0) || largest === Infinity) return null;
  if (largest >= 1 / COMFORTABLE && largest <= COMFORTABLE) return 1;
  return 2 ** Math.min(126, Math.max(-126, Math.floor(Math.log2(largest))));
}

/**
 * (A + δI) / s, with s a power of two near the size of A + δI: whatever norm that has, the squares and products of what
 * comes out of it stay within the range of float32. Everything linear in A + δI is multiplied by `scale` on the host, in
 * double precision.
 *
 * The first product that is not zero is measured, which reads one number; no product is spent.
 */
export class NormalizedOperator<O extends AnyOperator = AnyOperator> {
  /** s, once a product was not zero; it stays as it is from then on, unless it is forgotten. */
  private measured: number | null = null;
  /** Whether s comes from the latest product. */
  private isFresh = false;

  /**
   * @param operator A; stays the caller's
   * @param damping δ
   * @param budget counts the products; who multiplies sees to it that it allows them
   */
  constructor(
    readonly operator: O,
    private readonly damping = 0,
    readonly budget: ProductBudget = new ProductBudget(),
  ) {}

  /** Products spent so far. */
  get numMatvecs(): number {
    return this.budget.spent;
  }

  /** Whether a product has told s. */
  get isMeasured(): boolean {
    return this.measured != null;
  }

  /** s, which is 1 as long as all products were zero. */
  get scale(): number {
    return this.measured ?? 1;
  }

  /** n, the length of the vectors the operator acts on. */
  get size(): number {
    return this.operator.size;
  }

  /** (A + δI)v / s as a new vector, owned by the caller; one product. */
  *multiply(v: Tensor1D): SolverSteps<Tensor1D> {
    const product = yield* this.damped(v);
    let result: Tensor1D | null = null;
    try {
      this.isFresh = this.measured == null;
      this.measured ??= yield* powerOfTwoOf(product);
      result = this.scale === 1 ? product : mul(product, 1 / this.scale);
      return result;
    } finally {
      if (result !== product) product.dispose();
    }
  }

  /** As {@link multiply}, for a vector that is of no use afterwards: it is disposed, also where the product throws. */
  *consume(v: Tensor1D): SolverSteps<Tensor1D> {
    try {
      return yield* this.multiply(v);
    } finally {
      v.dispose();
    }
  }

  /**
   * Lets the next product choose s anew, for callers that take the scale of each product by itself.
   *
   * @returns false where there is nothing to gain: the latest product has chosen s, or was not finite when it was to
   */
  forgetScale(): boolean {
    if (this.isFresh) return false;
    this.measured = null;
    return true;
  }

  private *damped(v: Tensor1D): SolverSteps<Tensor1D> {
    const product = yield* multiply(this.operator, v);
    this.budget.spent++;
    if (this.damping === 0) return product;
    const sum = plusMultiple(product, v, this.damping);
    product.dispose();
    return sum;
  }
}
