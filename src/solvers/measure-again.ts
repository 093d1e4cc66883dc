import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { reshape, slice, tidy } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import type { SolverSteps } from './drive.js';
import { NormalizedOperator } from './normalized-operator.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** Asymmetry that exact float32 products do not reach: some 1e-6 of ‖A‖ is what they leave. */
const EXACT = 1e-5;

/**
 * Whether products contradict each other by so much that all of a run may lie by more than the tolerance from where
 * the operator is at its end. What one product changes goes on through the ten to hundred that a run takes.
 */
export function isDoubtful(asymmetry: number, tol: number): boolean {
  return asymmetry > Math.max(EXACT, tol / 100);
}

/** ‖Av − λv‖ of pairs as the operator is now. Cost: a product for each. @param rows unit vectors, the caller's */
export function* residualsNow(
  operator: AnyOperator,
  rows: Tensor2D,
  values: Float64Array,
): SolverSteps<Float64Array> {
  const [k, n] = rows.shape;
  const products = new NormalizedOperator(operator);
  const norms = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    const row = tidy(() => reshape(slice(rows, [i, 0], [1, n]), [n]) as Tensor1D);
    try {
      const product = yield* products.multiply(row);
      const residual = tidy(() => plusMultiple(product, row, -values[i]! / products.scale));
      release(product);
      const square = innerProducts([residual, residual]);
      release(residual);
      norms[i] = products.scale * Math.sqrt((yield square)[0]!);
    } finally {
      release(row);
    }
  }
  return norms;
}
