import type { Variable } from '@tensorflow/tfjs-core';
import type { Jitter } from '../autodiff/jitter.js';
import { linearizeWith } from '../autodiff/linearize.js';
import type { Objective } from '../objectives/objective.js';
import type { OutputSplit } from '../objectives/output-split.js';
import { handToScope } from '../tfjs/engine.js';
import type { OutputMetric } from './output-curvature.js';
import { OutputCurvature } from './output-curvature.js';

/**
 * The generalised Gauss-Newton matrix of an objective as a linear operator on R^n:
 *
 *     G = Σ_b w_b Jᵀ ∇²ℓ(z) J,   z = f_θ(x),   J = ∂z/∂θ
 *
 * the Hessian without the curvature of the model itself. Positive semidefinite wherever ℓ is convex in z. For
 * cross-entropies z are the logits, also when the model puts out probabilities. Regularisers are no part of G:
 * add theirs with `sum` or `shifted`.
 *
 * Cost: construction, one gradient; a product, two to three backward sweeps. Memory: the tapes of all terms.
 * Source: Schraudolph 2002, "Fast Curvature Matrix-Vector Products for Second-Order Gradient Descent";
 * Martens 2020, "New Insights and Perspectives on the Natural Gradient Method", §8.
 *
 * @example
 * const gaussNewton = new GaussNewtonOperator(modelObjective(model, { xs, ys }));
 */
export class GaussNewtonOperator extends OutputCurvature {
  /**
   * The Gauss-Newton matrix of a loss over a model's outputs, as an operator: positive semidefinite where the
   * loss is convex in them.
   *
   * @param objective a modelObjective, or a lossObjective given as {outputs, loss}
   * @throws CurvatureArgumentError for an objective that does not know its outputs
   */
  constructor(objective: Objective) {
    super(objective, lossHessian, 'GaussNewtonOperator');
  }
}

/** M = ∇²ℓ(z), by double backprop of the loss as a function of the outputs. */
export function lossHessian(
  split: OutputSplit,
  outputs: readonly Variable[],
  _term: number,
  jitter: Jitter | null,
): OutputMetric {
  const z = [...outputs];
  const linearization = linearizeWith(() => split.loss(z), z, 'GaussNewtonOperator', jitter);
  return {
    apply: (u) => {
      const products = linearization.multiply(u);
      for (const product of products) if (product != null) handToScope(product);
      return products;
    },
    dispose: () => linearization.dispose(),
  };
}
