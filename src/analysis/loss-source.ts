import type { Scalar } from '@tensorflow/tfjs-core';
import type { Objective } from '../objectives/objective.js';
import type { ParameterSpace } from '../parameters.js';
import type { SeededRandom } from '../random.js';

/** An objective on some of the examples, with the tensors that were copied for it. */
export interface SubObjective {
  readonly objective: Objective;
  /** How many examples it is taken on; null where that is not known. */
  readonly examples: number | null;
  /**
   * The share of the examples whose largest output is the right class, as a scalar that the caller disposes; null
   * where the model does not tell classes apart.
   */
  accuracy(): Scalar | null;
  /** Releases the tensors. */
  dispose(): void;
}

/** Draws minibatches one after the other, for ever. */
export interface MinibatchStream {
  /** S, or null where a minibatch is a term of an objective. */
  readonly batchSize: number | null;
  /** The next minibatch, owned by the caller. */
  draw(): SubObjective;
}

/** Where an analysis takes losses and gradients from: a model with data, or an objective. */
export interface LossSource {
  readonly parameters: ParameterSpace;
  /** N, the number of examples there are; null where that is not known. */
  readonly examples: number | null;
  /** The first `count` examples, or all there are if these are fewer. */
  first(count: number): SubObjective;
  /** `count` examples drawn at random, or all there are. */
  sample(count: number, random: SeededRandom): SubObjective;
  /** Minibatches of `batchSize` examples. */
  minibatches(batchSize: number | undefined, random: SeededRandom): MinibatchStream;
  dispose(): void;
}
