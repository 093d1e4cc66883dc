import { add, mul, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import { euclideanNorm } from '../rows.js';
import type { TensorsByName } from '../objectives/batches.js';
import type { Objective } from '../objectives/objective.js';
import { dataLoss, requireSplits } from '../objectives/objective.js';
import type { Schema, Settings } from '../options.js';
import {
  anyInteger,
  byDefault,
  check,
  either,
  integer,
  number,
  numbers,
  oneOf,
  readOptions,
} from '../options.js';
import { SeededRandom } from '../random.js';
import type { EigenStatus } from '../solvers/result.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { RunOptions } from './analysis-options.js';
import { ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { openInputs } from './laplace-inputs.js';
import { likelihoodFactor } from './laplace-likelihood.js';
import { openCurvature } from './laplace-posterior.js';
import type { LaplacePrediction } from './laplace-predictions.js';
import { predictions } from './laplace-predictions.js';
import { gradientOf, lossOf } from './loss-and-gradient.js';

/** Settings of {@link laplace}. */
export interface LaplaceOptions extends RunOptions {
  /**
   * δ, the precision of the prior N(0, I/δ) of the parameters, > 0. Of several the one with the largest evidence is taken;
   * one without an evidence, where P is not positive definite, only if all are. Default 1.
   */
  readonly priorPrecision?: number | readonly number[];
  /** σ, the standard deviation of targets that are numbers, > 0. Default 1. Classes have none. */
  readonly noise?: number;
  /**
   * How A is had: `'full'`, the default, as a matrix, for up to 2000 parameters; `'kronecker'`, by Kronecker factors of its
   * blocks; `'lowRank'`, its `k` largest eigenpairs, with 0 for the others, which makes the variance too large.
   */
  readonly structure?: 'full' | 'kronecker' | 'lowRank';
  /**
   * A: the Gauss-Newton matrix, the default, which is that of the linearised model; or the Hessian, not with
   * `'kronecker'`, and of use at a minimum only.
   */
  readonly curvature?: 'gaussNewton' | 'hessian';
  /** Eigenpairs for `'lowRank'`. Default 20. */
  readonly k?: number;
  /** Relative residual of these. Default 1e-2. */
  readonly tol?: number;
  /** What to predict for: inputs of the model; or, for a target that is an objective, an objective of the same variables. */
  readonly test?: { readonly xs: TensorsByName } | Objective;
  /** Seed of the search for eigenpairs and of the 1000 draws behind the probabilities of several classes. Default 0. */
  readonly seed?: number;
}

/** Of a matrix of more, the eigenvectors take minutes. */
const LARGEST = 2000;

const inputs = check<{ readonly xs: TensorsByName } | Objective>(
  '{name}, inputs {xs} or an objective',
  (value) => typeof value === 'object' && value !== null && ('xs' in value || 'terms' in value),
);

const schema = {
  priorPrecision: byDefault(either(number({ above: 0 }), numbers({ above: 0 })), 1),
  noise: byDefault(number({ above: 0 }), 1),
  structure: byDefault(oneOf('full', 'kronecker', 'lowRank'), 'full'),
  curvature: byDefault(oneOf('gaussNewton', 'hessian'), 'gaussNewton'),
  k: byDefault(integer(1), 20),
  tol: byDefault(number({ above: 0, below: 1 }), 1e-2),
  test: inputs,
  seed: byDefault(anyInteger, 0),
  ...runSchema,
} satisfies Schema<LaplaceOptions>;

type Plan = Settings<LaplaceOptions, typeof schema>;

/** What {@link laplace} returns: plain data. */
export interface Laplace {
  readonly analysis: 'laplace';
  readonly settings: {
    readonly noise: number;
    readonly structure: 'full' | 'kronecker' | 'lowRank';
    readonly curvature: 'gaussNewton' | 'hessian';
    readonly seed: number;
  };
  readonly units: Readonly<Record<'logEvidence' | 'variance' | 'gradientNorm', string>>;
  /** δ of the prior, the one with the largest evidence. */
  readonly priorPrecision: number;
  /** log p(y|θ), of all training examples together. */
  readonly logLikelihood: number;
  /** The evidence for each δ that was given, with log det P; NaN where P is not positive definite. */
  readonly evidences: readonly {
    readonly priorPrecision: number;
    readonly logEvidence: number;
    readonly logDeterminant: number;
  }[];
  /** ‖∇(-log p(y, θ))‖ at the parameters, with this δ: 0 at the maximum a posteriori, of which all of this holds. */
  readonly gradientNorm: number;
  /** For each example of `test`, in order; none without. */
  readonly predictions: readonly LaplacePrediction[];
  /** How the search for eigenpairs ended; where there was none 'converged', or 'nonFinite' for a NaN in the matrix. */
  readonly status: EigenStatus;
  /** Curvature-vector products spent. */
  readonly numMatvecs: number;
}

/**
 * The Laplace approximation: the posterior of the parameters as a normal distribution around where they are,
 *
 *     θ' ~ N(θ, P⁻¹),   P = f A + δI,
 *
 * with A the curvature of the mean loss of the training examples, and f times that loss their negative log-likelihood: N
 * for cross-entropies of N examples, N/2σ² for squares, times the outputs or positions of an example over which the loss is a
 * mean and no sum; N/σ² for halves of squares. f is measured by the curvature of the loss at its outputs, so that it is right
 * for losses of one's own; of factors on examples that are not given as `sampleWeight` the mean is taken for 1. From it the
 * variance of what the linearised model f(x) + J(θ' - θ) predicts, J P⁻¹ Jᵀ, and the evidence
 *
 *     log p(y) ≈ log p(y|θ) - ½δ‖θ‖² + ½n log δ - ½ log det P,
 *
 * by which to choose δ, or a model. Exact for linear regression. θ is to be the maximum a posteriori: train with
 * weight decay δ/f, an l2 regulariser of δ/2f; regularisers of the model are taken for that, and are no part of A.
 *
 * @param target a model with its training data, or an objective that knows its outputs and their likelihood: see
 *   {@link AnalysisTarget}
 * @param options see {@link LaplaceOptions}
 * @returns plain records; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, a loss that is no known negative log-likelihood, a model with
 *   more than one output, more than 2000 parameters with `structure: 'full'`, with `'kronecker'` outputs of an example that
 *   depend on others (batch normalisation as in training), weights of examples below 0 but with `curvature: 'hessian'`, test
 *   inputs that do not fit
 *
 * Parameters stay as they are. Cost: n products and eigenvectors of a matrix [n, n] on the host (`'full'`: 1 s for n = 300,
 * minutes for 2000), 3k + 6 products (`'lowRank'`), or those of `KFACOperator`; a backward sweep for each output of a test
 * example. A piece of progress is the curvature, or a batch of test examples.
 *
 * Sources: MacKay 1992, "A Practical Bayesian Framework for Backpropagation Networks" and "The Evidence Framework Applied to
 * Classification Networks"; Immer, Korzepa & Bauer 2021, "Improving Predictions of Bayesian Neural Nets via Local
 * Linearization", and Immer et al. 2021, "Scalable Marginal Likelihood Estimation for Model Selection in Deep Learning";
 * Daxberger et al. 2021, "Laplace Redux".
 *
 * @example
 * const { predictions } = await laplace({ model, data: { xs, ys } }, { priorPrecision: [0.1, 1, 10], test: { xs } });
 * const [{ mean, variance }] = predictions; // of the first example, by output
 */
export async function laplace(target: AnalysisTarget, options: LaplaceOptions = {}): Promise<Laplace> {
  const plan = readOptions(options, schema, where);
  const isOne = plan.structure !== 'kronecker' || plan.curvature === 'gaussNewton';
  requireThat(isOne, where, "curvature 'gaussNewton' with structure 'kronecker'", "'hessian'");
  return analyse(target, plan, where, 'shared', (workplace) => measure(workplace, target, plan));
}

const where = 'laplace';

function* measure({ source, own }: Workplace, target: AnalysisTarget, plan: Plan): SolverSteps<Laplace> {
  const { structure, curvature, noise, seed } = plan;
  const { objective } = own(source.first(Infinity));
  requireSplits(objective, where);
  const { size: n } = source.parameters;
  const fits = structure !== 'full' || n <= LARGEST;
  requireThat(fits, where, `at most ${LARGEST} parameters, or structure 'kronecker' or 'lowRank'`, `${n}`);
  const tested = openInputs(target, plan.test, source.parameters, own, where);
  const terms = tested?.terms ?? [];
  const { factor, constant } = yield* likelihoodFactor(objective, noise, where);
  const progress = new ProgressCounter(1 + terms.length, plan.onProgress);
  const data = dataLoss(objective);
  const logLikelihood = -factor * (yield lossOf(data))[0]! - constant;
  const damped = own(yield* openCurvature(objective, plan, where));
  const theta = own(source.parameters.read());
  const length = (yield euclideanNorm([theta]))[0]!;
  const evidences: Laplace['evidences'][number][] = [];
  for (const priorPrecision of [plan.priorPrecision].flat()) {
    const logDeterminant = n * Math.log(factor) + (yield* damped.logDeterminant(priorPrecision / factor));
    const prior = (n * Math.log(priorPrecision) - priorPrecision * length ** 2) / 2;
    const logEvidence = logLikelihood + prior - logDeterminant / 2;
    evidences.push({ priorPrecision, logEvidence, logDeterminant });
  }
  const { priorPrecision, logDeterminant } = evidences.reduce((a, b) =>
    b.logEvidence > a.logEvidence || Number.isNaN(a.logEvidence) ? b : a,
  );
  const gradientNorm = (yield tidy(() =>
    euclideanNorm([add(mul(gradientOf(data, where), factor), mul(theta, priorPrecision))]),
  ))[0]!;
  progress.advance();
  const found: LaplacePrediction[] = [];
  if (tested != null && !Number.isNaN(logDeterminant)) {
    const covariance = own(yield* damped.inverse(priorPrecision / factor));
    const random = new SeededRandom(seed);
    for (const term of terms) {
      found.push(...(yield* predictions(tested, term, covariance, 1 / factor, random, where)));
      progress.advance();
    }
  }
  return {
    analysis: 'laplace',
    settings: { noise, structure, curvature, seed },
    units: {
      logEvidence: 'nats',
      variance: 'squared outputs',
      gradientNorm: 'nats per distance in parameter space',
    },
    priorPrecision,
    logLikelihood,
    evidences,
    gradientNorm,
    predictions: found,
    status: damped.status,
    numMatvecs: damped.numMatvecs,
  };
}
