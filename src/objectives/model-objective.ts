import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { add, mean, mul, reshape } from '@tensorflow/tfjs-core';
import type { LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError, describe, requireArgument } from '../errors.js';
import { ParameterSpace } from '../parameters.js';
import type { TensorsByName } from './batches.js';
import { countExamples, orderTensors, takeExamples } from './batches.js';
import type { LossFunction, LossSpecification } from './loss-functions.js';
import { resolveLosses } from './loss-functions.js';
import type { LossTerm, Objective } from './objective.js';
import { outputHead } from './output-split.js';
import { withFrozenStates } from './stateful-layers.js';

/** Examples to differentiate the loss of a model on. The tensors stay the caller's, and must outlive their use. */
export interface ModelData {
  /** Inputs: one tensor, or one per input of the model, in order or by name. Shape [N, …]. */
  readonly xs: TensorsByName;
  /** Targets: one tensor, or one per output of the model. Shape [N, …]. */
  readonly ys: TensorsByName;
  /** Factor on the loss of each example, shape [N]; the mean is still over N, as in `model.fit`. */
  readonly sampleWeight?: Tensor;
}

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
  requireArgument(
    typeof model?.apply === 'function' && 'trainableWeights' in model,
    where,
    'a LayersModel',
    model,
  );
  requireArgument(data != null && typeof data === 'object', where, 'data {xs, ys}', data);
  const { batchSize = 128, training = false } = options;
  requireArgument(
    Number.isInteger(batchSize) && batchSize > 0,
    where,
    'batchSize to be a whole number > 0',
    batchSize,
  );
  const { inputNames, outputNames } = functionalModel(model);
  const losses = resolveLosses(model, outputNames, options.loss, where);
  const xs = orderTensors(data.xs, inputNames, 'xs', where);
  const ys = orderTensors(data.ys, outputNames, 'ys', where);
  const weights = data.sampleWeight == null ? [] : [data.sampleWeight];
  const examples = countExamples({ xs, ys, sampleWeight: weights }, where);

  const heads = losses.map((loss) => outputHead(loss, where));
  const term = (begin: number): LossTerm => {
    const size = Math.min(batchSize, examples - begin);
    const take = (tensor: Tensor): Tensor => takeExamples(tensor, begin, size);
    const outputs = (): Tensor[] => applyModel(model, xs.map(take), training);
    const meanLoss = (fns: readonly LossFunction[], z: readonly Tensor[]): Tensor =>
      sumOf(z.map((output, i) => mean(weigh(fns[i]!(take(ys[i]!), output), weights.map(take)[0]))));
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

/** The model itself, or the one inside of a Sequential, which is built if it was not yet. */
function functionalModel(model: LayersModel): LayersModel {
  if (model.getClassName() !== 'Sequential') return model;
  const sequential = model as unknown as { model?: LayersModel };
  if (sequential.model == null) (model as Sequential).build();
  return sequential.model!;
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

function weigh(loss: Tensor, sampleWeight: Tensor | undefined): Tensor {
  if (sampleWeight == null) return loss;
  if (loss.rank === 0 || loss.shape[0] !== sampleWeight.size) {
    throw new CurvatureArgumentError('modelObjective', 'a loss per example to weigh', describe(loss));
  }
  return mul(loss, reshape(sampleWeight, [sampleWeight.size, ...loss.shape.slice(1).map(() => 1)]));
}

function trainableVariables(model: LayersModel): Variable[] {
  // A layer used twice lists its weights once; a weight shared by two layers is one variable.
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  return [...new Set(variables)];
}
