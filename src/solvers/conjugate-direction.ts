import type { Tensor1D } from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import type { SolverSteps } from '../tfjs/drive.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { SymmetryWatch } from './require-symmetric.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** A direction p that has been multiplied. */
interface Step {
  /** Ap. */
  readonly image: Tensor1D;
  /** ‖p‖. */
  readonly length: number;
  /** pᵀAp. */
  readonly curvature: number;
}

/** The direction q before p. */
interface LastDirection {
  readonly vector: Tensor1D;
  readonly length: number;
  /** pᵀAq. */
  readonly coupling: number;
}

/**
 * The search direction p of conjugate gradient, and its product. For a symmetric A the products of two directions in turn
 * agree, pᵀAq = qᵀAp, whatever has become of their conjugacy: that is watched, for a vector more in memory.
 */
export class ConjugateDirection {
  private current: Tensor1D | null = null;
  private last: LastDirection | null = null;
  private step: Step | null = null;
  private readonly symmetry: SymmetryWatch;

  /** @param where the public function to name where A is not symmetric */
  constructor(
    private readonly products: NormalizedOperator,
    where: string,
  ) {
    this.symmetry = new SymmetryWatch(products.operator, where, products.budget);
  }

  /** p. */
  get vector(): Tensor1D {
    return this.current!;
  }

  /** Ap, from the product on until p is turned. */
  get image(): Tensor1D | null {
    return this.step?.image ?? null;
  }

  /** Multiplies p. @returns pᵀAp and ‖p‖; throws for an A that is not symmetric */
  *multiply(): SolverSteps<Pick<Step, 'curvature' | 'length'>> {
    const { vector, last } = this;
    const image = yield* this.products.multiply(vector);
    let isDone = false;
    try {
      const other = last?.vector ?? vector;
      const pairs = innerProducts([vector, image], [vector, vector], [image, image], [other, image]);
      const [curvature, square, imageSquare, coupling] = yield pairs;
      const length = Math.sqrt(square!);
      this.step = { image, length, curvature: curvature! };
      isDone = true;
      const { scale } = this.products;
      const difference = last == null ? 0 : Math.abs(coupling! - last.coupling) / (last.length * length);
      yield* this.symmetry.observe(scale * difference, (scale * Math.sqrt(imageSquare!)) / length);
      return this.step;
    } finally {
      if (!isDone) image.dispose();
    }
  }

  /** Starts afresh along z, which stays the caller's. */
  restart(z: Tensor1D): void {
    this.dispose();
    this.current = clone(z);
    this.last = null;
    this.step = null;
  }

  /**
   * p = z + βq, q the direction that was multiplied.
   *
   * @param z stays the caller's
   * @param along zᵀAq
   */
  turn(z: Tensor1D, beta: number, along: number): void {
    const { vector } = this;
    const { image, length, curvature } = this.step!;
    const next = plusMultiple(z, vector, beta);
    release(image, this.last?.vector);
    this.current = next;
    this.step = null;
    this.last = { vector, length, coupling: along + beta * curvature };
  }

  dispose(): void {
    release(this.current, this.last?.vector, this.step?.image);
  }
}
