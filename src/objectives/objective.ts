import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { ParameterSpace } from '../parameters.js';

/** One summand of an objective, small enough to be differentiated at once: a batch, as a rule. */
export interface LossTerm {
  /** Its share in the objective. */
  readonly weight: number;
  /** The loss of the term at the present values of the variables, a float32 scalar. */
  loss(): Tensor;
}

/**
 * What is differentiated: L(θ) = Σ_b weight_b · L_b(θ), a function of some variables.
 *
 * An objective owns no tensor. Its terms are evaluated without side effects: see {@link evaluateTerm}.
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

/**
 * An objective from any loss function of any variables: a custom loss, several models, no data loader.
 *
 * @param loss computes L(θ), a float32 scalar, from the variables. It is called anew at every linearization.
 *   What it assigns to variables meanwhile (moving averages) is not carried out, and random numbers drawn
 *   through `Math.random` (dropout) are the same at every call, so that L is a function of θ alone.
 * @param variables the variables to differentiate by; an empty list, another dtype than float32, a disposed
 *   or repeated variable throws
 * @returns an objective that owns nothing and needs no disposal
 * @example
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * const objective = lossObjective(() => w.square().sum(), [w]);
 */
export function lossObjective(loss: () => Scalar | Tensor, variables: Variable[]): Objective {
  requireArgument(typeof loss === 'function', 'lossObjective', 'a function that returns the loss', loss);
  return {
    parameters: new ParameterSpace(variables, 'lossObjective'),
    terms: [{ weight: 1, loss }],
    source: 'lossObjective',
    evaluate: (f) => f(),
  };
}
