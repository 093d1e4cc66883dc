import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import { remedyFor } from '../remedies.js';

/** Throws a CurvatureArgumentError that names `where` unless `model` is one of tfjs-layers. */
export function requireLayersModel(model: LayersModel, where: string): void {
  const isModel = typeof model?.apply === 'function' && 'trainableWeights' in model && 'inputs' in model;
  requireArgument(isModel, where, 'a LayersModel', model, remedyFor('model', model));
}

/** The names of a model's inputs, in order. */
export function inputNames(model: LayersModel): readonly string[] {
  return functionalModel(model).inputNames;
}

/** The names of a model's outputs, in order. */
export function outputNames(model: LayersModel): readonly string[] {
  return functionalModel(model).outputNames;
}

/**
 * The trainable weights of a model as variables, in the order of its layers.
 *
 * @throws CurvatureArgumentError that names `where`, for a model without any, and for one that was disposed
 */
export function trainableVariables(model: LayersModel, where: string): Variable[] {
  requireThat(
    model.trainableWeights.length > 0,
    where,
    'at least one tf.Variable to differentiate with respect to, a trainable weight of the model',
    model.weights.length > 0
      ? `${model.weights.length} weights, all of them frozen`
      : 'a model without weights',
    'Set trainable = true on the model, and on the layers to differentiate by',
  );
  // A layer used twice lists its weights once; a weight shared by two layers is one variable.
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  return [...new Set(variables)];
}

/** The model itself, or the one inside of a Sequential that `fit` trains, which is built if it was not yet. */
export function functionalModel(model: LayersModel): LayersModel {
  if (model.getClassName() !== 'Sequential') return model;
  const sequential = model as unknown as { model?: LayersModel };
  if (sequential.model == null) (model as Sequential).build();
  return sequential.model!;
}
