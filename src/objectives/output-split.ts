import type { Tensor } from '@tensorflow/tfjs-core';
import {
  cast,
  clipByValue,
  div,
  fill,
  greater,
  log,
  losses,
  logSumExp,
  mean,
  mul,
  oneHot,
  onesLike,
  reshape,
  softplus,
  sub,
  sum,
  where as select,
} from '@tensorflow/tfjs-core';
import type { ProbabilityKernel } from '../tfjs/activation-inputs.js';
import type { LossFunction } from './loss-functions.js';
import { namedLoss } from './loss-functions.js';

/**
 * A distribution p(y|z) whose negative log-likelihood is the loss, in its natural parameters z: the logits of
 * a softmax or of sigmoids, the mean of a normal distribution.
 */
export type Likelihood = (typeof likelihoods)[number];
export const likelihoods = ['categorical', 'bernoulli', 'gaussian'] as const;

/** A loss seen as a function of the outputs of a model: L(θ) = ℓ(z(θ)). */
export interface OutputSplit {
  /** z at the present values of the variables, float32. The first axis of each counts examples. */
  outputs(): Tensor[];
  /**
   * z where it is not kept within what the loss clips probabilities to, for predictions: as the model computes it, or from its
   * probabilities, NaN for those that have rounded to 0 or 1. Absent where that is `outputs`.
   */
  unclipped?(): Tensor[];
  /** ℓ(z), a float32 scalar: the mean over the examples of Σ_outputs w_i ℓ_i. */
  loss(outputs: Tensor[]): Tensor;
  /** w of one output, the factor on the loss of each example there, shape [examples]; null where all are 1. */
  weights(output: number): Tensor | null;
  /** What all outputs have in common of these: the sample weights, and for a single output the class weights too. */
  commonWeights(): Tensor | null;
  /**
   * For each output, the likelihood that its part of ℓ is of; null for another kind of loss. How many outputs a custom loss has
   * is known once they were computed: ask afterwards.
   */
  readonly likelihoods: readonly (Likelihood | null)[];
}

/** One output's part of a split: how z comes from what the model puts out, and ℓ as a function of z. */
export interface OutputHead {
  readonly likelihood: Likelihood | null;
  /** From the model's output, which may be probabilities, to natural parameters. */
  readonly toNatural: (output: Tensor) => Tensor;
  /** The same where no loss clips, NaN where rounding has left nothing to tell it from. */
  readonly unclipped: (output: Tensor) => Tensor;
  /** The kernel whose input is z, if the output comes from it; null where z is the output. */
  readonly activation: ProbabilityKernel | null;
  /** The loss per example, or any shape of which the mean is taken, from the target and z. */
  readonly loss: LossFunction;
}

/** tfjs-layers keeps probabilities this far from 0 and 1 before it takes their logarithm. */
const epsilon = 1e-7;

/** How z is had from the model's output. */
type Naturalness = Pick<OutputHead, 'toNatural' | 'unclipped' | 'activation'>;

const identity = (output: Tensor): Tensor => output;
const asItIs: Naturalness = { toNatural: identity, unclipped: identity, activation: null };

/**
 * How a loss splits. The curvature of a model's outputs depends on where the model ends and the loss begins:
 * for cross-entropies it is taken at the logits, also when the model's last layer puts out probabilities, as
 * is usual (Martens 2020, "New Insights and Perspectives on the Natural Gradient Method", §8.1). There, log p
 * serves as well as the logits themselves: they differ by a constant that softmax does not see.
 */
export function outputHead(loss: LossFunction, where: string): OutputHead {
  const is = (name: string): boolean => loss === namedLoss(name, where);
  if (is('categoricalCrossentropy')) {
    return { likelihood: 'categorical', ...fromSoftmax, loss: categoricalLoss };
  }
  if (is('sparseCategoricalCrossentropy')) {
    return { likelihood: 'categorical', ...fromSoftmax, loss: sparseCategoricalLoss };
  }
  if (is('binaryCrossentropy')) return { likelihood: 'bernoulli', ...fromSigmoid, loss: bernoulliLoss };
  if (loss === (losses.softmaxCrossEntropy as LossFunction)) {
    return { likelihood: 'categorical', ...asItIs, loss };
  }
  if (loss === (losses.sigmoidCrossEntropy as LossFunction)) {
    return { likelihood: 'bernoulli', ...asItIs, loss };
  }
  if (is('meanSquaredError') || loss === (losses.meanSquaredError as LossFunction)) {
    return { likelihood: 'gaussian', ...asItIs, loss };
  }
  return { likelihood: null, ...asItIs, loss };
}

const clip = (p: Tensor): Tensor => clipByValue(p, epsilon, 1 - epsilon);

/** log p of probabilities [..., C], which are scaled to sum to 1 as tfjs-layers does. */
const fromSoftmax: Naturalness = {
  toNatural: (p) => log(clip(div(p, sum(p, -1, true)))),
  unclipped: (p) => knownLog(div(p, sum(p, -1, true))),
  activation: 'Softmax',
};

/** log p/(1 − p) */
const fromSigmoid: Naturalness = {
  toNatural: (p) => {
    const clipped = clip(p);
    return sub(log(clipped), log(sub(1, clipped)));
  },
  unclipped: (p) => sub(knownLog(p), knownLog(sub(1, p))),
  activation: 'Sigmoid',
};

/** log x, NaN for 0. The gradient there is 0: one that is NaN would reach other outputs. */
function knownLog(x: Tensor): Tensor {
  const isKnown = greater(x, 0);
  return select(isKnown, log(select(isKnown, x, onesLike(x))), fill(x.shape, NaN));
}

/** −Σ_c y_c log softmax(z)_c over the last axis. */
function categoricalLoss(y: Tensor, z: Tensor): Tensor {
  const target = cast(y, 'float32');
  return sub(mul(logSumExp(z, -1), sum(target, -1)), sum(mul(target, z), -1));
}

/** The same for class numbers [..., 1]. */
function sparseCategoricalLoss(y: Tensor, z: Tensor): Tensor {
  const classes = z.shape[z.rank - 1]!;
  return categoricalLoss(reshape(oneHot(reshape(cast(y, 'int32'), [-1]), classes), z.shape), z);
}

/** Mean over the last axis of log(1 + e^z) − y z. */
function bernoulliLoss(y: Tensor, z: Tensor): Tensor {
  return mean(sub(softplus(z), mul(cast(y, 'float32'), z)), -1);
}
