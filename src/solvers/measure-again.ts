import type { Tensor2D } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import { rowOf } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { NormalizedOperator } from './normalized-operator.js';
import type { ProductBudget } from './product-budget.js';
import type { EigenResult } from './result.js';
import { eigenResult } from './result.js';
import { innerProducts, plusMultiple, release } from './vector-arithmetic.js';

/** What a run has multiplied by, and what it may still spend. */
interface Spender {
  readonly operator: AnyOperator;
  readonly budget: ProductBudget;
}

/** Asymmetry that exact float32 products do not reach: some 1e-6 of ‖A‖ is what they leave. */
export const EXACT = 1e-5;

/**
 * Whether products contradict each other by so much that all of a run may lie by more than the tolerance from where
 * the operator is at its end. What one product changes goes on through the ten to hundred that a run takes.
 */
export function isDoubtful(asymmetry: number, tol: number): boolean {
  return asymmetry > Math.max(EXACT, tol / 100);
}

/**
 * A result that has converged by products that contradict each other is measured again: an operator that drifts has
 * pairs of none that there ever was, and what it is now, they may be far from. Cost: a product for each pair, then. Where
 * the budget has fewer, they are not believed.
 *
 * @param result taken over
 * @param count how many of some pairs are within the tolerance
 */
export function* believed(
  result: EigenResult,
  { operator, budget }: Spender,
  tol: number,
  count: (values: Float64Array, residualNorms: Float64Array) => SolverSteps<number>,
): SolverSteps<EigenResult> {
  if (result.status !== 'converged' || !isDoubtful(result.asymmetry, tol)) return result;
  const { eigenvalues, eigenvectors } = result;
  const k = eigenvalues.length;
  if (!budget.allows(k)) return { ...result, status: budget.status };
  let isDone = false;
  try {
    const residualNorms = yield* residualsNow(
      new NormalizedOperator(operator, 0, budget),
      eigenvectors,
      eigenvalues,
    );
    const numConverged = yield* count(eigenvalues, residualNorms);
    isDone = true;
    const status = numConverged === k ? 'converged' : 'stagnated';
    return eigenResult({ ...result, residualNorms, status, numConverged, numMatvecs: budget.spent });
  } finally {
    if (!isDone) result.dispose();
  }
}

/**
 * ‖Av − λw‖ as the operator is now. Cost: a product for each v.
 *
 * @param rows unit vectors v, the caller's
 * @param targets w for each of them, default v
 */
export function* residualsNow(
  products: NormalizedOperator,
  rows: Tensor2D,
  values: Float64Array,
  targets = rows,
): SolverSteps<Float64Array> {
  const [k] = rows.shape;
  const norms = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    const [row, target] = [rowOf(rows, i), rowOf(targets, i)];
    try {
      const product = yield* products.multiply(row);
      const residual = tidy(() => plusMultiple(product, target, -values[i]! / products.scale));
      release(product);
      const square = innerProducts([residual, residual]);
      release(residual);
      norms[i] = products.scale * Math.sqrt((yield square)[0]!);
    } finally {
      release(row, target);
    }
  }
  return norms;
}
