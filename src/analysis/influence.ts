import type { Tensor1D } from '@tensorflow/tfjs-core';
import { addN, mul, reshape, sum, tidy } from '@tensorflow/tfjs-core';
import { linearizeOutputs } from '../autodiff/linearize-outputs.js';
import { linearizeWith } from '../autodiff/linearize.js';
import { examplesOf } from '../objectives/examples-of-outputs.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { ModelData } from '../objectives/model-data.js';
import type { Objective, SplitObjective } from '../objectives/objective.js';
import { dataLoss, requireSplits } from '../objectives/objective.js';
import { GaussNewtonOperator } from '../operators/gauss-newton.js';
import { HessianOperator } from '../operators/hessian.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, check, integer, mandatory, number, oneOf, readOptions } from '../options.js';
import { solveSteps } from '../solvers/conjugate-gradient.js';
import type { SolveStatus } from '../solvers/linear-solve.js';
import { euclideanNorm } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { RunOptions } from './analysis-options.js';
import { ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { gradientOf, lossOf } from './loss-and-gradient.js';
import { openTest } from './test-source.js';

/** Settings of {@link influence}. */
export interface InfluenceOptions extends RunOptions {
  /**
   * The examples whose loss is asked about: data of the same model; or, for a target that is an objective, an objective
   * of the same variables. Stays the caller's.
   */
  readonly test: ModelData | Objective;
  /**
   * A: the Hessian of the training loss, the default, as in the paper; or its Gauss-Newton matrix, which is positive
   * semidefinite also where a net is not at a minimum (Martens 2020), and has no part of the regularisers.
   */
  readonly curvature?: 'hessian' | 'gaussNewton';
  /** δ in (A + δI)⁻¹, ≥ 0. Default 0. More counts changes along flat directions for less. */
  readonly damping?: number;
  /** Relative residual of the linear system. Default 1e-4. */
  readonly tol?: number;
  /** Iterations of conjugate gradient at most. Default 1000. */
  readonly maxIterations?: number;
}

const testData = check<ModelData | Objective>(
  '{name}, data {xs, ys} or an objective',
  (value) => typeof value === 'object' && value !== null,
);

const schema = {
  test: mandatory(testData),
  curvature: byDefault(oneOf('hessian', 'gaussNewton'), 'hessian'),
  damping: byDefault(number({ from: 0 }), 0),
  tol: byDefault(number({ above: 0 }), 1e-4),
  maxIterations: byDefault(integer(1), 1000),
  ...runSchema,
} satisfies Schema<InfluenceOptions>;

type Plan = Settings<InfluenceOptions, typeof schema>;

/** What {@link influence} returns: plain data. */
export interface Influence {
  readonly analysis: 'influence';
  readonly settings: {
    readonly curvature: 'hessian' | 'gaussNewton';
    readonly damping: number;
    readonly tol: number;
  };
  readonly units: Readonly<Record<'scores' | 'testLoss', string>>;
  /** Mean loss of the test examples, without regularisers. */
  readonly testLoss: number;
  /** For each training example, in order: what the test loss would change by without it. */
  readonly scores: readonly number[];
  /** How the linear system ended: scores are as good as its solution. */
  readonly status: SolveStatus;
  /** ‖b − (A + δI)s‖₂ / ‖b‖₂ of the solution s. */
  readonly residualNorm: number;
  /** Curvature-vector products spent. */
  readonly numMatvecs: number;
}

/**
 * The influence of each training example on the loss of test examples: by what L_test would change if example i were left
 * out and the model trained to the new minimum, to first order,
 *
 *     score_i = ∇L_testᵀ (A + δI)⁻¹ ∇c_i,   L = Σ_i c_i + regularisers,
 *
 * with A the curvature of the training loss L and c_i what example i adds to it, its loss over N. Positive for an example
 * that helps. To be trusted near a minimum of L; where A is indefinite conjugate gradient ends with `negativeCurvature`: take
 * `curvature: 'gaussNewton'` and some damping then (Bae, Ng, Lo, Ghassemi & Grosse 2022).
 *
 * @param target a model with its training data, or an objective that knows its outputs: see {@link AnalysisTarget}. The
 *   loss is to be a sum over the examples: not with the batch statistics of `training: true`
 * @param options see {@link InfluenceOptions}; `test` has no default
 * @returns plain records; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, a loss that does not know its outputs, test data of another
 *   shape or an objective of other variables
 *
 * Parameters stay as they are. Cost: one gradient of the test loss, a product with A an iteration, and some three
 * gradients for all scores together; a piece of progress is the linear system or a batch. Memory: the tapes of the
 * training loss, and 8 vectors of length n.
 *
 * Source: Koh & Liang, "Understanding Black-box Predictions via Influence Functions", ICML 2017, section 2.
 *
 * @example
 * const data = { xs, ys };
 * const { scores } = await influence({ model, data }, { test: data, curvature: 'gaussNewton', damping: 0.1 });
 * const mostHelpful = scores.indexOf(Math.max(...scores));
 */
export async function influence(target: AnalysisTarget, options: InfluenceOptions): Promise<Influence> {
  const plan = readOptions(options, schema, where);
  return analyse(target, plan, where, 'shared', (workplace) => measure(workplace, target, plan));
}

const where = 'influence';

function* measure({ source, own }: Workplace, target: AnalysisTarget, plan: Plan): SolverSteps<Influence> {
  const { curvature, damping, tol, maxIterations } = plan;
  const { objective } = own(source.first(Infinity));
  requireSplits(objective, where);
  const test = own(openTest(target, plan.test, source.parameters, where));
  const tested = own(test.first(Infinity));
  requireSplits(tested.objective, where);
  const ofTest = dataLoss(tested.objective);
  const testLoss = (yield lossOf(ofTest))[0]!;
  const gradient = own(gradientOf(ofTest, where));
  const operator = own(
    curvature === 'hessian' ? new HessianOperator(objective) : new GaussNewtonOperator(objective),
  );
  const progress = new ProgressCounter(1 + objective.terms.length, plan.onProgress);
  const solved = own(yield* solveSteps(operator, gradient, { damping, tol, maxIterations }, where));
  progress.advance();
  const scores: number[] = [];
  for (const term of objective.terms) {
    scores.push(...(yield contributions(objective, term, solved.x)));
    progress.advance();
  }
  const length = (yield euclideanNorm([gradient]))[0]!;
  return {
    analysis: 'influence',
    settings: { curvature, damping, tol },
    units: { scores: 'loss', testLoss: 'loss' },
    testLoss,
    scores,
    status: solved.status,
    residualNorm: length === 0 ? 0 : solved.residualNorm / length,
    numMatvecs: solved.numMatvecs,
  };
}

/**
 * ⟨∇c_i, s⟩ for each example i of a term: what its own part of the loss does with its outputs, times what the outputs do
 * along s. One product with the Jacobian serves all examples.
 *
 * @returns [examples], owned by the caller or the innermost tidy
 */
function contributions(
  objective: Objective,
  { weight, split }: SplitObjective['terms'][number],
  direction: Tensor1D,
): Tensor1D {
  return evaluateTerm(objective, () => {
    const outputs = linearizeOutputs(() => split.outputs(), objective.parameters, where);
    try {
      const z = [...outputs.outputs];
      const examples = examplesOf(z, where);
      const loss = linearizeWith(() => split.loss(z), z, where);
      try {
        return tidy(() => {
          const slopes = loss.parameters.unflatten(loss.gradient);
          const tangents = outputs.jvp(objective.parameters.unflatten(direction));
          const parts = tangents.map((tangent, i) =>
            sum(reshape(mul(slopes[i]!, tangent), [examples, -1]), 1),
          );
          return mul(addN(parts), weight) as Tensor1D;
        });
      } finally {
        loss.dispose();
      }
    } finally {
      outputs.dispose();
    }
  });
}
