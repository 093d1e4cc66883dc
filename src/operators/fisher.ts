import { requireArgument } from '../errors.js';
import type { Objective } from '../objectives/objective.js';
import type { Schema } from '../options.js';
import { anyInteger, byDefault, integer, mandatory, oneOf, readOptions } from '../options.js';
import { lossHessian } from './gauss-newton.js';
import type { MetricFactory } from './output-curvature.js';
import { OutputCurvature } from './output-curvature.js';
import { empiricalMetric, requireLikelihoods, sampledMetric, seedOfTerm } from './residual-metrics.js';

/** Options of {@link FisherOperator}. */
export interface FisherOptions {
  /**
   * `'exact'`: the expectation over y ~ p(y|z) in closed form. `'monteCarlo'`: over sampled targets.
   * `'empirical'`: the given targets in their place.
   */
  readonly type: 'exact' | 'monteCarlo' | 'empirical';
  /** Targets sampled per example, for `'monteCarlo'`; the error falls with the root of it. Default 1. */
  readonly samples?: number;
  /** Seed of the sampling. Default 0. */
  readonly seed?: number;
}

const typeRemedy = "Write new FisherOperator(objective, { type: 'exact' })";

const schema = {
  type: { ...mandatory(oneOf('exact', 'monteCarlo', 'empirical')), remedy: typeRemedy },
  samples: byDefault(integer(1), 1),
  seed: byDefault(anyInteger, 0),
} satisfies Schema<FisherOptions>;

/**
 * The Fisher information matrix of a model as a linear operator on R^n:
 *
 *     F = 1/N Σ_i w_i E_{y ~ p(y|z_i)} [∇log p(y|z_i) ∇log p(y|z_i)ᵀ]
 *
 * for losses 1/N Σ_i w_i ℓ_i, w the sample weights (1 without any), that are negative log-likelihoods: softmax
 * and sigmoid cross-entropy, mean squared error. The exact Fisher equals the Gauss-Newton matrix of these; the
 * Monte Carlo one has it as its expectation. The empirical one, of any loss,
 *
 *     1/N Σ_i w_i ∇ℓ_i ∇ℓ_iᵀ,
 *
 * takes the gradients at the given targets, of all outputs together, and is no approximation of the others away
 * from a good fit (Kunstner, Balles & Hennig 2019, "Limitations of the Empirical Fisher Approximation").
 *
 * Cost and memory as {@link GaussNewtonOperator}. Positive semidefinite.
 *
 * @example
 * const fisher = new FisherOperator(modelObjective(model, { xs, ys }), { type: 'monteCarlo', seed: 7 });
 */
export class FisherOperator extends OutputCurvature {
  /**
   * The Fisher information matrix of a model, as an operator: exact, sampled or empirical as `type` says.
   *
   * @param objective a modelObjective, or a lossObjective given as {outputs, loss, likelihood}
   * @param options see {@link FisherOptions}
   * @throws CurvatureArgumentError for an objective that does not know its outputs, or whose loss is no known
   *   negative log-likelihood (`'empirical'` does without), or an option out of range
   */
  constructor(objective: Objective, options: FisherOptions) {
    const where = 'FisherOperator';
    requireArgument(options != null, where, 'options {type}', options, typeRemedy);
    const { type, samples, seed } = readOptions(options, schema, where);
    const metrics: Record<FisherOptions['type'], MetricFactory> = {
      exact: (split, outputs, term, jitter) => {
        requireLikelihoods(split, where);
        return lossHessian(split, outputs, term, jitter);
      },
      monteCarlo: (split, outputs, term) => sampledMetric(split, outputs, samples, seedOfTerm(seed, term)),
      empirical: empiricalMetric,
    };
    super(objective, metrics[type], where);
  }
}
