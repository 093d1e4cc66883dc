import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { requireArgument, requireThat } from '../errors.js';
import type { Schema } from '../options.js';
import { callable, mandatory, oneOf, readOptions, unchecked } from '../options.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { remedyFor } from '../remedies.js';
import type { OutputSplit } from './output-split.js';
import { likelihoods, type Likelihood } from './output-split.js';

/** One summand of an objective, small enough to be differentiated at once: a batch, as a rule. */
export interface LossTerm {
  /** Its share in the objective. */
  readonly weight: number;
  /** The loss of the term at the present values of the variables, a float32 scalar. */
  loss(): Tensor;
  /** The same loss as a function of the model's outputs, without regularisers; absent where not known. */
  readonly split?: OutputSplit;
}

/**
 * What is differentiated: L(θ) = Σ_b weight_b · L_b(θ), a function of some variables.
 *
 * An objective owns no tensor. Its terms are evaluated without side effects: nothing of the user's is disturbed.
 */
export interface Objective {
  /** θ, the variables differentiated by, in order. */
  readonly parameters: ParameterSpace;
  /** The summands. */
  readonly terms: readonly LossTerm[];
  /** The public function that made the objective, to be named in errors. */
  readonly source: string;
  /** Runs an evaluation with whatever it would disturb held still. */
  evaluate<T>(f: () => T): T;
}

/** Throws a CurvatureArgumentError that names `where` unless `objective` is an {@link Objective}. */
export function requireObjective(objective: unknown, where: string): void {
  const given = objective as Partial<Objective> | null | undefined;
  requireArgument(
    Array.isArray(given?.terms) &&
      Array.isArray(given.parameters?.variables) &&
      typeof given.evaluate === 'function',
    where,
    'an objective (modelObjective or lossObjective)',
    objective,
    remedyFor('objective', objective),
  );
}

/** An objective of which every term knows its outputs. */
export interface SplitObjective extends Objective {
  readonly terms: readonly (LossTerm & { readonly split: OutputSplit })[];
}

/** Throws a CurvatureArgumentError that names `where` unless every term of an objective knows its outputs. */
export function requireSplits(objective: Objective, where: string): asserts objective is SplitObjective {
  requireThat(
    objective.terms.every((term) => term.split != null),
    where,
    'an objective that knows its outputs (modelObjective, or lossObjective({outputs, loss}, variables))',
    `a ${objective.source} of a bare loss function`,
  );
}

/** The objective without its regularisers: what the examples alone make of the outputs. */
export function dataLoss(objective: SplitObjective): Objective {
  const terms = objective.terms.map(({ weight, split }) => ({
    weight,
    split,
    loss: () => split.loss(split.outputs()),
  }));
  return { ...objective, terms };
}

/** A custom loss given as outputs and a function of them, so that Gauss-Newton and Fisher products exist. */
export interface SplitLoss {
  /** z(θ): float32 tensors whose first axis counts examples; [N] stands for [N, 1]. */
  outputs(): Tensor | Tensor[];
  /** ℓ(z), a float32 scalar: the mean over the examples of w_i ℓ_i. It is given the outputs in order. */
  loss(...outputs: Tensor[]): Tensor;
  /** w, by which `loss` weighs the examples, shape [N], for the Fisher matrix; stays the caller's. Default: all 1. */
  readonly sampleWeight?: Tensor;
  /** What distribution ℓ is the negative log-likelihood of, for every output, for the Fisher matrix; default: not known. */
  readonly likelihood?: Likelihood;
}

const splitSchema = {
  outputs: mandatory(callable<SplitLoss['outputs']>()),
  loss: mandatory(callable<SplitLoss['loss']>()),
  sampleWeight: unchecked<Tensor>(),
  likelihood: oneOf(...likelihoods),
} satisfies Schema<SplitLoss>;

/**
 * An objective from any loss function of any variables: a custom loss, several models, no data loader.
 *
 * @param loss computes L(θ), a float32 scalar, from the variables. It is called anew at every linearization.
 *   What it assigns to other variables (moving averages) is taken back after every call, and random numbers drawn
 *   through `Math.random` (dropout) are the same at every call, so that L is a function of θ alone.
 *   Given as {@link SplitLoss} it serves {@link GaussNewtonOperator} and {@link FisherOperator}, too.
 * @param variables the variables to differentiate by; an empty list, another dtype than float32, a disposed
 *   or repeated variable throws
 * @returns an objective that owns nothing and needs no disposal
 * @throws CurvatureArgumentError for a loss that is no function, and for the variables named above
 *
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * const objective = lossObjective(() => tf.sum(tf.square(w)), [w]);
 */
export function lossObjective(
  loss: (() => Scalar | Tensor) | SplitLoss,
  variables: readonly Variable[],
): Objective {
  const isSplit = loss != null && typeof loss === 'object' && typeof loss.outputs === 'function';
  requireArgument(
    isSplit || typeof loss === 'function',
    'lossObjective',
    'a function that returns the loss, or {outputs, loss}',
    loss,
    remedyFor('loss', loss),
  );
  return {
    parameters: parameterSpace(variables, 'lossObjective'),
    terms: [{ weight: 1, ...(typeof loss === 'function' ? { loss } : splitTerm(loss)) }],
    source: 'lossObjective',
    evaluate: (f) => f(),
  };
}

function splitTerm(custom: SplitLoss): Pick<LossTerm, 'loss' | 'split'> {
  readOptions(custom, splitSchema, 'lossObjective');
  let count = 1;
  const outputs = (): Tensor[] => {
    const result = [custom.outputs()].flat();
    count = result.length;
    requireWeightOfEach(custom.sampleWeight, result);
    return result;
  };
  const split: OutputSplit = {
    outputs,
    loss: (z) => custom.loss(...z),
    weights: () => custom.sampleWeight ?? null,
    commonWeights: () => custom.sampleWeight ?? null,
    get likelihoods() {
      return new Array<Likelihood | null>(count).fill(custom.likelihood ?? null);
    },
  };
  return { split, loss: () => split.loss(outputs()) };
}

function requireWeightOfEach(sampleWeight: Tensor | undefined, outputs: readonly Tensor[]): void {
  const examples = outputs[0]?.shape[0];
  if (sampleWeight == null || examples == null) return;
  const fits = sampleWeight.size === examples && sampleWeight.shape[0] === examples;
  requireArgument(
    fits,
    'lossObjective',
    `a sampleWeight of shape [${examples}], a number for each example`,
    sampleWeight,
  );
}
