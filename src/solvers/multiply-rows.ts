import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { slice, stack } from '@tensorflow/tfjs-core';
import { rowOf } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { MultipliedRows } from './multiplied-rows.js';
import type { NormalizedOperator } from './normalized-operator.js';
import { release } from './vector-arithmetic.js';

/** What rows are multiplied by. */
export interface BlockOperators {
  /** A, with the products that may be spent on it. */
  readonly products: NormalizedOperator;
  /** B; null for the identity. */
  readonly metric: NormalizedOperator | null;
}

/**
 * Rows with their products by A and B, as many as the budget of A allows.
 *
 * @param rows [m, n]; disposed here
 * @param onProduct called after each of A
 * @returns owned by the caller; null for none
 */
export function* multiplyRows(
  rows: Tensor2D,
  { products, metric }: BlockOperators,
  onProduct: () => void,
): SolverSteps<MultipliedRows | null> {
  const images: Tensor1D[] = [];
  const duals: Tensor1D[] = [];
  try {
    for (let i = 0; i < rows.shape[0] && products.budget.allows(); i++) {
      images.push(yield* products.consume(rowOf(rows, i)));
      if (metric != null) duals.push(yield* metric.consume(rowOf(rows, i)));
      onProduct();
    }
    if (images.length === 0) return null;
    const whole = slice(rows, [0, 0], [images.length, -1]);
    return {
      rows: whole,
      images: stack(images) as Tensor2D,
      duals: metric == null ? whole.clone() : (stack(duals) as Tensor2D),
    };
  } finally {
    release(rows, ...images, ...duals);
  }
}
