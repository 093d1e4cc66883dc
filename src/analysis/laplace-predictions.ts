import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, dispose, mean, reshape, slice, stack, sub, tidy } from '@tensorflow/tfjs-core';
import type { OutputLinearization } from '../autodiff/linearize-outputs.js';
import { linearizeOutputs } from '../autodiff/linearize-outputs.js';
import { examplesOf } from '../objectives/examples-of-outputs.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { SplitObjective } from '../objectives/objective.js';
import type { Likelihood } from '../objectives/output-split.js';
import { unitTensor } from '../operators/kronecker/output-vectors.js';
import { classesOf } from '../operators/residual-metrics.js';
import type { ParameterSpace } from '../parameters.js';
import type { SeededRandom } from '../random.js';
import { symmetricEigen } from '../symmetric-eigen.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Covariance } from './laplace-posterior.js';

/** What is predicted for one example. */
export interface LaplacePrediction {
  /**
   * f(x) at the parameters: a mean, the logit of a class, or logits less their mean over the classes. Of a model that puts out
   * probabilities the logits are the input of its last sigmoid or softmax. Where it ends in something else, probabilities that
   * have rounded to 0 or 1 do not tell them: then mean, variance and probabilities are NaN.
   */
  readonly mean: readonly number[];
  /** Variance of each of them that comes from the parameters: the diagonal of J Σ Jᵀ, J = ∂f(x)/∂θ. */
  readonly variance: readonly number[];
  /** p(y|x), averaged over the parameters, for classes; null where targets are numbers. */
  readonly probabilities: readonly number[] | null;
}

/** How much of a random draw goes into the probabilities of several classes. */
const DRAWS = 1000;

/**
 * The predictions for all examples of one term.
 *
 * @param scale by which Σ is to be multiplied
 * @param random for the probabilities of several classes
 */
export function* predictions(
  objective: SplitObjective,
  { split }: SplitObjective['terms'][number],
  covariance: Covariance,
  scale: number,
  random: SeededRandom,
  where: string,
): SolverSteps<LaplacePrediction[]> {
  const { parameters } = objective;
  const likelihood = split.likelihoods[0]!;
  const naturalOutputs = (): Tensor[] => split.unclipped?.() ?? split.outputs();
  const outputs = evaluateTerm(objective, () => linearizeOutputs(naturalOutputs, parameters, where));
  try {
    const z = outputs.outputs[0]!;
    const examples = examplesOf(outputs.outputs, where);
    const width = z.size / examples;
    const groups = likelihood === 'categorical' ? width / classesOf(z) : null;
    const centred = (rows: Tensor2D): Tensor2D => (groups == null ? rows : lessMean(rows, groups));
    const found: LaplacePrediction[] = [];
    for (let i = 0; i < examples; i++) {
      const read = yield tidy(() => {
        const values = centred(reshape(slice(reshape(z, [examples, width]), [i, 0], [1, width]), [width, 1]));
        const rows = centred(jacobianRows(outputs, parameters, i * width, width));
        const matrix = covariance.between(rows);
        return concat([reshape(values, [width]), reshape(matrix, [width * width])]) as Tensor1D;
      });
      const means = Array.from(read.subarray(0, width));
      const covarianceOf = (c: number, d: number): number => scale * read[width + c * width + d]!;
      found.push({
        mean: means,
        // Of a logit that is not known the Jacobian is not.
        variance: means.map((z, c) => (Number.isNaN(z) ? NaN : covarianceOf(c, c))),
        probabilities: probabilitiesOf(likelihood, means, covarianceOf, width / (groups ?? width), random),
      });
    }
    return found;
  } finally {
    outputs.dispose();
  }
}

/** ∂z/∂θ of some outputs, as rows [count, n] of the innermost tidy. */
function jacobianRows(
  outputs: OutputLinearization,
  parameters: ParameterSpace,
  from: number,
  count: number,
): Tensor2D {
  const { shape } = outputs.outputs[0]!;
  return stack(
    Array.from({ length: count }, (_, c) => {
      const parts = outputs.vjp([unitTensor(from + c, shape)]);
      const row = parameters.flatten(parts);
      dispose(parts.filter((part) => part != null));
      return row;
    }),
  ) as Tensor2D;
}

/** Rows less their mean over the classes, which a softmax does not see. @param groups how many sets of classes there are */
function lessMean(rows: Tensor2D, groups: number): Tensor2D {
  const [count, n] = rows.shape;
  const grouped = reshape(rows, [groups, count / groups, n]);
  return reshape(sub(grouped, mean(grouped, 1, true)), [count, n]);
}

/** p(y|x) for logits from a normal distribution; null for targets that are numbers. */
function probabilitiesOf(
  likelihood: Likelihood | null,
  means: readonly number[],
  covarianceOf: (c: number, d: number) => number,
  classes: number,
  random: SeededRandom,
): number[] | null {
  if (likelihood === 'bernoulli') {
    // MacKay 1992, The Evidence Framework Applied to Classification Networks, eq. 10.
    return means.map((z, c) => 1 / (1 + Math.exp(-z / Math.sqrt(1 + (Math.PI * covarianceOf(c, c)) / 8))));
  }
  if (likelihood !== 'categorical') return null;
  const result: number[] = [];
  for (let from = 0; from < means.length; from += classes) {
    const { values, vectors } = symmetricEigen(classes, (c, d) => covarianceOf(from + c, from + d), 'LA');
    const lengths = values.map((value) => Math.sqrt(Math.max(value, 0)));
    const sums = new Array<number>(classes).fill(0);
    for (let draw = 0; draw < DRAWS; draw++) {
      const logits = means.slice(from, from + classes);
      vectors.forEach((vector, j) => {
        const step = lengths[j]! * random.normal();
        vector.forEach((entry, c) => (logits[c]! += step * entry));
      });
      softmax(logits).forEach((p, c) => (sums[c]! += p / DRAWS));
    }
    result.push(...sums);
  }
  return result;
}

function softmax(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
