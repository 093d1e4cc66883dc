import type { Tensor } from '@tensorflow/tfjs-core';
import { add, mean, mul, reshape } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionNames } from '../errors.js';
import { CurvatureArgumentError, describe, requireArgument, requireOptions } from '../errors.js';
import { ParameterSpace } from '../parameters.js';
import { takeExamples } from './batches.js';
import type { LossFunction, LossSpecification } from './loss-functions.js';
import { resolveLosses } from './loss-functions.js';
import type { ModelData } from './model-data.js';
import { orderData } from './model-data.js';
import { outputNames, requireLayersModel, trainableVariables } from './model-structure.js';
import type { LossTerm, Objective } from './objective.js';
import { outputHead } from './output-split.js';
import { requireTargetShapes } from './target-shapes.js';
import { withFrozenStates } from './stateful-layers.js';

/** How the loss of a model is taken. */
export interface ModelObjectiveOptions {
  /** Examples differentiated at once; more need more memory. Default 128, as in the paper's code. */
  readonly batchSize?: number;
  /** The loss, as `model.compile` takes it. Default: the one the model was compiled with. */
  readonly loss?: LossSpecification;
  /**
   * Whether layers run as in training: dropout on, batch normalisation by the statistics of the batch.
   * Default false, as in the paper. Dropout masks are then the same at every evaluation.
   */
  readonly training?: boolean;
}

export const modelObjectiveOptionNames: OptionNames<ModelObjectiveOptions> = {
  batchSize: 'value',
  loss: 'value',
  training: 'value',
};

/**
 * The training loss of a tfjs-layers model on given examples, as a function of its trainable weights:
 *
 *     L(θ) = 1/N Σ_i Σ_outputs ℓ(y_i, f_θ(x_i)) + regularisers
 *
 * in batches weighted by their number of examples, so that a short last batch counts for no more than it has.
 *
 * @param model any LayersModel or Sequential, with one or several inputs and outputs
 * @param data see {@link ModelData}
 * @param options see {@link ModelObjectiveOptions}
 * @returns an objective that owns nothing; weights, moving averages, RNN states and random state of the model
 *   stay as they are whenever it is evaluated
 * @throws CurvatureArgumentError if xs and ys differ in length, the model is not compiled and no loss is given,
 *   nothing is trainable, or an option is out of range
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 */
export function modelObjective(
  model: LayersModel,
  data: ModelData,
  options: ModelObjectiveOptions = {},
): Objective {
  const where = 'modelObjective';
  requireLayersModel(model, where);
  requireOptions(options, modelObjectiveOptionNames, where);
  const { batchSize = 128, training = false } = options;
  requireArgument(
    Number.isInteger(batchSize) && batchSize > 0,
    where,
    'batchSize to be a whole number > 0',
    batchSize,
  );
  requireArgument(typeof training === 'boolean', where, 'training to be true or false', training);
  const losses = resolveLosses(model, outputNames(model), options.loss, where);
  const { xs, ys, sampleWeight, examples } = orderData(model, data, where);
  requireTargetShapes(model, losses, ys, where);

  const heads = losses.map((loss) => outputHead(loss, where));
  const term = (begin: number): LossTerm => {
    const size = Math.min(batchSize, examples - begin);
    const take = (tensor: Tensor): Tensor => takeExamples(tensor, begin, size);
    const outputs = (): Tensor[] => applyModel(model, xs.map(take), training);
    const weights = (): Tensor | null => (sampleWeight == null ? null : take(sampleWeight));
    const meanLoss = (fns: readonly LossFunction[], z: readonly Tensor[]): Tensor => {
      const factors = weights();
      return sumOf(z.map((output, i) => mean(weigh(fns[i]!(take(ys[i]!), output), factors))));
    };
    return {
      weight: size / examples,
      loss: () => sumOf([meanLoss(losses, outputs()), ...regularisers(model)]),
      split: {
        outputs: () => outputs().map((output, i) => heads[i]!.toNatural(output)),
        loss: (z) =>
          meanLoss(
            heads.map((head) => head.loss),
            z,
          ),
        weights,
        likelihoods: heads.map((head) => head.likelihood),
      },
    };
  };
  const begins = Array.from({ length: Math.ceil(examples / batchSize) }, (_, b) => b * batchSize);
  return {
    parameters: new ParameterSpace(trainableVariables(model), where),
    terms: begins.map(term),
    source: where,
    evaluate: (f) => withFrozenStates(model, f),
  };
}

function applyModel(model: LayersModel, xs: Tensor[], training: boolean): Tensor[] {
  const outputs = model.apply(xs.length === 1 ? xs[0]! : xs, { training }) as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

function regularisers(model: LayersModel): Tensor[] {
  return (model as unknown as { calculateLosses(): Tensor[] }).calculateLosses();
}

function sumOf(terms: readonly Tensor[]): Tensor {
  return terms.reduce((sum, term) => add(sum, term));
}

function weigh(loss: Tensor, sampleWeight: Tensor | null): Tensor {
  if (sampleWeight == null) return loss;
  if (loss.rank === 0 || loss.shape[0] !== sampleWeight.size) {
    throw new CurvatureArgumentError('modelObjective', 'a loss per example to weigh', describe(loss));
  }
  return mul(loss, reshape(sampleWeight, [sampleWeight.size, ...loss.shape.slice(1).map(() => 1)]));
}
