import type { Tensor2D } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import type { AnyOperator } from '../operators/async-operator.js';
import { rowOf } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { NormalizedOperator } from './normalized-operator.js';
import type { ProductBudget } from './product-budget.js';
import type { EigenResult } from './result.js';
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
function isDoubtful(asymmetry: number, tol: number): boolean {
  return asymmetry > Math.max(EXACT, tol / 100);
}

/** What a result says of its vectors. */
type Claims = Pick<
  EigenResult,
  'status' | 'residualNorms' | 'numConverged' | 'numMatvecs' | 'asymmetry' | 'dispose'
>;

/** How the vectors of a result are measured again. */
interface Measurement {
  /** Products that it takes. */
  readonly products: number;
  /** Their residuals now. */
  residuals(): SolverSteps<Float64Array>;
  /** How many of such residuals are within the tolerance. */
  count(residualNorms: Float64Array): SolverSteps<number>;
}

/**
 * A result that has converged by products that contradict each other is measured again: an operator that drifts has
 * vectors of none that there ever was, and what it is now, they may be far from. Where the budget has too few products for
 * that, they are not believed.
 *
 * @param result taken over
 */
export function* believed<R extends Claims>(
  result: R,
  budget: ProductBudget,
  tol: number,
  { products, residuals, count }: Measurement,
): SolverSteps<R> {
  if (result.status !== 'converged' || !isDoubtful(result.asymmetry, tol)) return result;
  if (!budget.allows(products)) return { ...result, status: budget.status };
  let isDone = false;
  try {
    const residualNorms = yield* residuals();
    const numConverged = yield* count(residualNorms);
    isDone = true;
    const status = numConverged === residualNorms.length ? 'converged' : 'stagnated';
    return { ...result, residualNorms, status, numConverged, numMatvecs: budget.spent };
  } finally {
    if (!isDone) result.dispose();
  }
}

/**
 * Eigenpairs as {@link believed}. Cost: a product for each pair, where they are doubtful.
 *
 * @param result taken over
 * @param count how many of some pairs are within the tolerance
 */
export function believedPairs(
  result: EigenResult,
  { operator, budget }: Spender,
  tol: number,
  count: (values: Float64Array, residualNorms: Float64Array) => SolverSteps<number>,
): SolverSteps<EigenResult> {
  const { eigenvalues, eigenvectors } = result;
  return believed(result, budget, tol, {
    products: eigenvalues.length,
    residuals: () => residualsNow(new NormalizedOperator(operator, 0, budget), eigenvectors, eigenvalues),
    count: (residualNorms) => count(eigenvalues, residualNorms),
  });
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
