import type { Tensor } from '@tensorflow/tfjs-core';
import { add, mean, mul, reshape, slice } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError, describe } from '../errors.js';
import type { Batch } from './batches.js';
import { asColumn, takeExamples } from './batches.js';
import type { WeighClasses } from './class-weights.js';
import type { LossFunction } from './loss-functions.js';
import type { OrderedData } from './model-data.js';
import { joinExamples, modelOutputs } from './model-outputs.js';
import { functionalModel } from './model-structure.js';
import type { LossTerm } from './objective.js';
import type { OutputHead } from './output-split.js';
import { withLogitsBehind } from '../tfjs/activation-inputs.js';
import { regularisationTerms } from '../tfjs/layers-internals.js';

/** How the loss of a model is taken on its data. */
export interface ModelLoss {
  readonly model: LayersModel;
  /** ℓ of each output. */
  readonly losses: readonly LossFunction[];
  readonly heads: readonly OutputHead[];
  /** The factors by class, for each output that has them. */
  readonly classWeights: readonly (WeighClasses | null)[];
  /** Throws once the targets are known to hold a class that the loss has no place or no weight for. */
  readonly requireClasses: () => void;
  /** Whether layers run as in training. */
  readonly training: boolean;
}

/**
 * The loss of a model on some batches of its data, run one after another.
 *
 * @param weight the share of the term in the objective
 */
export function modelTerm(
  loss: ModelLoss,
  data: OrderedData,
  batches: readonly Batch[],
  weight: number,
): LossTerm {
  const { model, losses, heads, training } = loss;
  const ys = (batch: Batch, output: number): Tensor =>
    asColumn(takeExamples(data.ys[output]!, batch), model.outputs[output]!.shape.length);
  const sampleWeight = (batch: Batch): Tensor | null =>
    data.sampleWeight == null ? null : reshape(takeExamples(data.sampleWeight, batch), [-1]);
  const factors = (batch: Batch, output: number): Tensor | null => {
    const byExample = sampleWeight(batch);
    const byClass = loss.classWeights[output]?.(takeExamples(data.ys[output]!, batch)) ?? null;
    return byExample == null || byClass == null ? (byExample ?? byClass) : mul(byExample, byClass);
  };
  const batchLoss = (fns: readonly LossFunction[], batch: Batch, z: readonly Tensor[]): Tensor =>
    sumOf(z.map((output, i) => mean(weigh(fns[i]!(ys(batch, i), output), factors(batch, i)))));
  const examples = batches.reduce((total, { size }) => total + size, 0);
  const meanLoss = (fns: readonly LossFunction[], byBatch: readonly Tensor[][]): Tensor =>
    sumOf(
      byBatch.map((z, b) => {
        const share = batches[b]!.size / examples;
        const value = batchLoss(fns, batches[b]!, z);
        return share === 1 ? value : mul(value, share);
      }),
    );
  const outputs = (): Tensor[][] => modelOutputs(model, data.xs, batches, training);
  const naturalLosses = heads.map((head) => head.loss);
  return {
    weight,
    loss: () => sumOf([meanLoss(losses, outputs()), ...regularisers(model)]),
    split: {
      outputs: () => {
        const byBatch = outputs();
        return heads.map((head, i) => head.toNatural(joinExamples(byBatch.map((z) => z[i]!))));
      },
      unclipped: () =>
        withLogitsBehind((logitsBehind) => {
          const byBatch = outputs();
          return heads.map(({ activation, unclipped }, i) => {
            const parts = byBatch.map((z) => {
              const logits = activation == null ? null : logitsBehind(z[i]!, activation);
              return logits ?? unclipped(z[i]!);
            });
            return joinExamples(parts);
          });
        }),
      loss: (z) => meanLoss(naturalLosses, splitExamples(z, batches)),
      weights: (output) => joinOrNull(batches.map((batch) => factors(batch, output))),
      commonWeights: () =>
        joinOrNull(batches.map((batch) => (heads.length === 1 ? factors(batch, 0) : sampleWeight(batch)))),
      likelihoods: heads.map((head) => head.likelihood),
    },
  };
}

function joinOrNull(parts: readonly (Tensor | null)[]): Tensor | null {
  return parts.some((part) => part == null) ? null : joinExamples(parts as Tensor[]);
}

/** The reverse of {@link joinExamples}, for each of several outputs: by batch, then by output. */
function splitExamples(joined: readonly Tensor[], batches: readonly Batch[]): Tensor[][] {
  if (batches.length === 1) return [[...joined]];
  const [{ begin: first }] = batches as [Batch, ...Batch[]];
  return batches.map(({ begin, size }) => joined.map((z) => slice(z, begin - first, size)));
}

function regularisers(model: LayersModel): Tensor[] {
  // A Sequential itself forgets those of a first layer that is a Sequential.
  return regularisationTerms(functionalModel(model, 'modelObjective'));
}

function sumOf(terms: readonly Tensor[]): Tensor {
  return terms.reduce((sum, term) => add(sum, term));
}

function weigh(loss: Tensor, factors: Tensor | null): Tensor {
  if (factors == null) return loss;
  if (loss.rank === 0 || loss.shape[0] !== factors.size) {
    throw new CurvatureArgumentError('modelObjective', 'a loss per example to weigh', describe(loss));
  }
  return mul(loss, reshape(factors, [factors.size, ...loss.shape.slice(1).map(() => 1)]));
}
