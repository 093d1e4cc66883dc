import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, flag, integer, readOptions, unchecked } from '../options.js';
import { parameterSpace } from '../parameters.js';
import { remedyFor } from '../remedies.js';
import { classNumberChecks } from './class-numbers.js';
import type { ClassWeights } from './class-weights.js';
import { classWeighing } from './class-weights.js';
import type { LossSpecification } from './loss-functions.js';
import { resolveLosses } from './loss-functions.js';
import type { ModelData, OrderedData } from './model-data.js';
import { dataNames, orderData, requireLiveData } from './model-data.js';
import { batchGroups } from './model-outputs.js';
import { outputNames, requireLayersModel, modelVariables } from './model-structure.js';
import type { ModelLoss } from './model-terms.js';
import { modelTerm } from './model-terms.js';
import type { Objective } from './objective.js';
import { outputHead } from './output-split.js';
import { requireTargetShapes } from './target-shapes.js';

/** How the loss of a model is taken. */
export interface ModelObjectiveOptions {
  /**
   * Examples differentiated at once; more need more memory. Default 128, as in the paper's code, or what the model was
   * built for (`batchInputShape`).
   */
  readonly batchSize?: number;
  /**
   * The loss, as `model.compile` takes it. Default: the one the model was compiled with. A function of your own takes targets of the
   * shape of the output, class numbers if it is given here, and no others that would broadcast.
   */
  readonly loss?: LossSpecification;
  /**
   * Whether layers run as in training: dropout on, batch normalisation by the statistics of the batch.
   * Default false, as in the paper. Dropout masks are then the same at every evaluation.
   */
  readonly training?: boolean;
  /**
   * Factors on the loss of the examples of each class, as `model.fit` takes them: `[1, 5]`, `{ 0: 1, 1: 5 }`, or one
   * such per output, in order or by name. Default: all 1. The mean is still over all examples.
   */
  readonly classWeight?: ClassWeights;
}

/** The schema of {@link ModelObjectiveOptions}; loss and weights are checked against the model. */
export const modelObjectiveSchema = {
  batchSize: integer(1),
  loss: unchecked<LossSpecification>(),
  training: byDefault(flag, false),
  classWeight: unchecked<ClassWeights>(),
} satisfies Schema<ModelObjectiveOptions>;

/** Options of an objective with their defaults. */
export type ModelObjectiveSettings = Settings<ModelObjectiveOptions, typeof modelObjectiveSchema>;

/**
 * The training loss of a tfjs-layers model on given examples, as a function of its trainable weights:
 *
 *     L(θ) = 1/N Σ_i Σ_outputs w_i ℓ(y_i, f_θ(x_i)) + regularisers,   w_i the sample and class weights, 1 without any,
 *
 * in batches weighted by their number of examples, so that a short last batch counts for no more than it has. Takes
 * what `fit` and `evaluate` of the model take. The states of stateful recurrent layers go on from batch to batch as in
 * `evaluate`; all batches then form one term, differentiated at once and through the states.
 *
 * @param model any LayersModel or Sequential, with one or several inputs and outputs
 * @param data see {@link ModelData}; for a `tf.data` Dataset see {@link modelObjectiveFromDataset}
 * @param options see {@link ModelObjectiveOptions}
 * @returns an objective that owns nothing; weights, moving averages, RNN states and random state of the model
 *   stay as they are whenever it is evaluated
 * @throws CurvatureArgumentError if xs and ys differ in length, the model is not compiled and no loss is given,
 *   nothing is trainable, an option is out of range, or ys hold a class that the output does not have. Also,
 *   wherever the objective is used, once the model or the data have been disposed; where reads are awaited, classes are
 *   looked through only then
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 */
export function modelObjective(
  model: LayersModel,
  data: ModelData,
  options: ModelObjectiveOptions = {},
): Objective {
  return objectiveOfModel(model, data, options, 'modelObjective');
}

/** {@link modelObjective} for another function, which errors name. */
export function objectiveOfModel(
  model: LayersModel,
  data: ModelData,
  options: ModelObjectiveOptions,
  where: string,
): Objective {
  requireLayersModel(model, where);
  requireArgument(data != null, where, 'data {xs, ys}', data, 'Write modelObjective(model, { xs, ys })');
  const remedy = remedyFor('data', data);
  requireArgument(remedy == null, where, 'data {xs, ys}', data, remedy);
  const settings = readModelOptions(options, where);
  const ordered = orderData(model, data, where);
  const loss = modelLoss(model, [ordered], settings, where);
  const terms = batchGroups(model, ordered.examples, settings.batchSize, where).map((batches) => {
    const size = batches.reduce((total, batch) => total + batch.size, 0);
    return modelTerm(loss, ordered, batches, size / ordered.examples);
  });
  const parameters = parameterSpace(modelVariables(model, where), where);
  return {
    parameters,
    terms,
    source: where,
    evaluate: (f) => {
      requireLiveData(ordered, where);
      loss.requireClasses();
      return f();
    },
  };
}

/** Options of an objective. @throws CurvatureArgumentError that names `where` for those unknown or out of range */
function readModelOptions(options: ModelObjectiveOptions, where: string): ModelObjectiveSettings {
  return readOptions(options, modelObjectiveSchema, where, (name) =>
    dataNames.includes(name) ? `It belongs to the data: ${where}(model, { xs, ys, ${name} })` : null,
  );
}

/** How the loss of a model is taken on portions of data, whose targets are looked at. */
export function modelLoss(
  model: LayersModel,
  portions: readonly OrderedData[],
  { loss, training, classWeight }: Omit<ModelObjectiveSettings, 'batchSize'>,
  where: string,
): ModelLoss {
  const names = outputNames(model, where);
  const losses = resolveLosses(model, names, loss, where);
  const targets = portions.map(({ ys }) => ys);
  for (const ys of targets) requireTargetShapes(model, { losses, areCompiled: loss == null }, ys, where);
  const numberChecks = classNumberChecks(model, losses, targets, where);
  const { weigh: classWeights, checks: weightChecks } = classWeighing(classWeight, names, targets, where);
  const requireClasses = (): void => [...numberChecks, ...weightChecks].forEach((check) => check());
  const heads = losses.map((one) => outputHead(one, where));
  return { model, losses, heads, classWeights, requireClasses, training };
}
