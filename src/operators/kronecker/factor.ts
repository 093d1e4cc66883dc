import type { Rank, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import {
  add,
  clone,
  concat,
  dispose,
  divNoNan,
  keep,
  matMul,
  mul,
  sqrt,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';

/**
 * A positive semidefinite matrix C [width, width], by itself or as RᵀR with fewer rows than half its width, which is then
 * less work to multiply by.
 */
export interface Factor {
  readonly width: number;
  /** C, or R. */
  readonly tensor: Tensor2D;
  readonly isGram: boolean;
}

/** R V, or C V: the first half of C V. */
export function halfProduct({ tensor }: Factor, v: Tensor2D): Tensor2D {
  return matMul(tensor, v);
}

/** C V from R V, or C V as it is. */
export function wholeProduct({ tensor, isGram }: Factor, half: Tensor2D): Tensor2D {
  return isGram ? matMul(tensor, half, true, false) : half;
}

/** The first half of V C: V Rᵀ where C = RᵀR is kept as R, else V C. */
export function halfFromRight({ tensor, isGram }: Factor, v: Tensor2D): Tensor2D {
  return matMul(v, tensor, false, isGram);
}

/** V C from {@link halfFromRight}. */
export function wholeFromRight({ tensor, isGram }: Factor, half: Tensor2D): Tensor2D {
  return isGram ? matMul(half, tensor) : half;
}

/** Σ c RᵀR over batches of rows R: kept as rows for as long as they are few. */
export class FactorSum {
  private rows: Tensor2D[] = [];
  private matrix: Tensor2D | null = null;

  /** @param isWhole whether it is a matrix from the beginning, all of whose eigenvectors are wanted */
  constructor(
    private readonly width: number,
    private readonly isWhole: boolean,
  ) {}

  /** Adds c RᵀR. The rows stay the caller's. */
  add(rows: Tensor2D, c = 1): void {
    const count = this.rows.reduce((sum, { shape }) => sum + shape[0], rows.shape[0]);
    if (!this.isWhole && this.matrix == null && 2 * count < this.width) {
      this.rows.push(tidy(() => keep(mul(rows, Math.sqrt(c)) as Tensor2D)));
      return;
    }
    const kept = this.rows;
    const next = tidy(() => {
      const products = kept.map((part): Tensor2D => matMul(part, part, true, false));
      if (this.matrix != null) products.push(this.matrix);
      const product: Tensor2D = matMul(rows, rows, true, false);
      return keep(products.reduce((sum, other) => add(sum, other), c === 1 ? product : mul(product, c)));
    });
    this.dispose();
    this.matrix = next;
  }

  /** The sum divided by a scalar, 0 for 0/0; the caller owns its tensor, which is kept. */
  dividedBy(weight: Tensor | null): Factor {
    const { width, matrix, rows } = this;
    const isGram = matrix == null;
    const tensor = tidy(() => {
      // Nothing was added: one row of zeros.
      const sum = matrix ?? (rows.length === 0 ? zeros<Rank.R2>([1, width]) : concat(rows, 0));
      if (weight == null) return keep(clone(sum));
      return keep(divNoNan(sum, isGram ? sqrt(weight) : weight) as Tensor2D);
    });
    return { width, tensor, isGram };
  }

  dispose(): void {
    dispose(this.rows);
    this.rows = [];
    this.matrix?.dispose();
    this.matrix = null;
  }
}
