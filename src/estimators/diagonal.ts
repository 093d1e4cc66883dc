import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, div, maximum, mul, sqrt, square, sub, sum, tidy, zeros } from '@tensorflow/tfjs-core';
import type { AsyncLinearOperator } from '../operators/async-operator.js';
import type { LinearOperator } from '../operators/linear-operator.js';
import { guardParameters } from '../operators/parameter-guard.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import { NormalizedOperator } from '../solvers/normalized-operator.js';
import type { Estimate, EstimatorOptions, EstimatorPlan } from './estimate.js';
import { planEstimator, SpreadWatch, studentFactor } from './estimate.js';
import { signs } from './quadratic-form.js';

/** The diagonal of an operator with its spread. */
export interface DiagonalEstimate {
  /** a_ii, shape [n]. Disposed with the result. */
  readonly diagonal: Tensor1D;
  /**
   * Standard error of each entry, shape [n], raised for a small sample: two of them cover 95 of 100 entries. Disposed
   * with the result.
   */
  readonly standardErrors: Tensor1D;
  /** ‖standard errors‖₂ / ‖diagonal‖₂, what `tol` is compared with. */
  readonly relativeError: number;
  readonly status: Estimate['status'];
  readonly numMatvecs: number;
  /** Releases both vectors. Calling it twice is harmless. */
  dispose(): void;
}

/**
 * The diagonal of an operator: the mean of z ⊙ Az over random signs z. An entry has variance Σ_{j≠i} a_ij².
 *
 * Cost: `numMatvecs` products. Memory: 6 vectors of length n.
 *
 * @param operator symmetric or not; stays the caller's. Of one that changes from product to product the mean is estimated
 * @param options see {@link EstimatorOptions}; `onProgress` gets the norm of the diagonal as value; `signal` stops
 *   the run between two products
 * @returns estimates owned by the caller: `result.dispose()`
 * @throws CurvatureArgumentError for options out of range. What `operator.matvec` throws passes through. In each
 *   case nothing stays on the device
 *
 * Source: Bekas, Kokiopoulou & Saad, An estimator for the diagonal of a matrix, Appl. Numer. Math. 57 (2007), §3.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const estimate = await diagonal(hessian, { maxMatvecs: 50 });
 * const values = await estimate.diagonal.data(); // of [n] numbers
 * estimate.dispose();
 */
export async function diagonal(
  operator: LinearOperator | AsyncLinearOperator,
  options: EstimatorOptions & { readonly signal?: AbortSignal } = {},
): Promise<DiagonalEstimate> {
  const plan = planEstimator(operator, options, 'diagonal', 2);
  return driveAsync(
    diagonalSteps(new NormalizedOperator(operator), plan),
    plan,
    'diagonal',
    guardParameters(operator, 'diagonal'),
  );
}

function* diagonalSteps(products: NormalizedOperator, plan: EstimatorPlan): SolverSteps<DiagonalEstimate> {
  const { size } = products;
  const random = new SeededRandom(plan.seed);
  /** Welford's recurrence (1962), entry by entry. */
  let mean: Tensor1D = zeros([size]);
  let squares: Tensor1D = zeros([size]);
  const watch = new SpreadWatch();
  let isDone = false;
  try {
    for (let count = 1; ; count++) {
      const term = yield* sampleTerm(products, random);
      const before = mean;
      const next = tidy(() => {
        const offset = sub(term, before);
        const mean: Tensor1D = add(before, div(offset, count));
        return { mean, squares: add(squares, mul(offset, sub(term, mean))) as Tensor1D };
      });
      for (const tensor of [term, mean, squares]) tensor.dispose();
      ({ mean, squares } = next);
      const [norm, spread] = (yield tidy(() => norms(mean, squares))).map(Math.sqrt);
      const factor = count < 2 ? NaN : studentFactor(count - 1) / Math.sqrt((count - 1) * count);
      const standardError = factor * spread!;
      const { scale } = products;
      plan.onProgress({ numMatvecs: count, value: scale * norm!, standardError: scale * standardError });
      const isFinite = Number.isFinite(norm!);
      watch.add(spread! / Math.sqrt(count), norm!);
      const isConverged = watch.isTold && standardError <= plan.tol * norm!;
      if (isFinite && !isConverged && count < plan.maxMatvecs) continue;
      const standardErrors: Tensor1D = tidy(() => mul(mul(sqrt(maximum(squares, 0)), factor), scale));
      const diagonal: Tensor1D = mul(mean, scale);
      for (const tensor of [mean, squares]) tensor.dispose();
      isDone = true;
      return {
        diagonal,
        standardErrors,
        relativeError: standardError && standardError / norm!,
        status: !isFinite ? 'nonFinite' : isConverged ? 'converged' : 'maxIterations',
        numMatvecs: count,
        dispose: () => {
          diagonal.dispose();
          standardErrors.dispose();
        },
      };
    }
  } finally {
    if (!isDone) for (const tensor of [mean, squares]) tensor.dispose();
  }
}

/** z ⊙ Az/s for random signs z. */
function* sampleTerm(products: NormalizedOperator, random: SeededRandom): SolverSteps<Tensor1D> {
  const probe = signs(random, products.size);
  try {
    const image = yield* products.multiply(probe);
    const term: Tensor1D = mul(probe, image);
    image.dispose();
    return term;
  } finally {
    probe.dispose();
  }
}

/** ‖mean‖² and the sum of the squared offsets. */
function norms(mean: Tensor1D, squares: Tensor1D): Tensor1D {
  return tidy(() => add(mul(sum(square(mean)), [1, 0]), mul(sum(squares), [0, 1])) as Tensor1D);
}
