import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import { weightVariables } from '../variables.js';
import { noteLayers } from './layer-of-variable.js';
import { remedyFor } from '../remedies.js';
import { wrappedModel } from '../tfjs/layers-internals.js';

/** Throws a CurvatureArgumentError that names `where` unless `model` is one of tfjs-layers. */
export function requireLayersModel(model: LayersModel, where: string): void {
  const isModel = typeof model?.apply === 'function' && 'trainableWeights' in model && 'inputs' in model;
  requireArgument(isModel, where, 'a LayersModel', model, remedyFor('model', model));
}

/** The names of a model's inputs, in order. */
export function inputNames(model: LayersModel, where: string): readonly string[] {
  return functionalModel(model, where).inputNames;
}

/** The names of a model's outputs, in order. */
export function outputNames(model: LayersModel, where: string): readonly string[] {
  return functionalModel(model, where).outputNames;
}

/**
 * The trainable weights of a model as variables, in the order of its layers.
 *
 * @throws CurvatureArgumentError that names `where`, for a model without any, and for one that was disposed
 */
export function modelVariables(model: LayersModel, where: string): Variable[] {
  requireThat(
    model.trainableWeights.length > 0,
    where,
    'at least one tf.Variable to differentiate with respect to, a trainable weight of the model',
    model.weights.length > 0
      ? `${model.weights.length} weights, all of them frozen`
      : 'a model without weights',
    'Set trainable = true on the model, and on the layers to differentiate by',
  );
  noteLayers(model, where);
  return weightVariables(model.trainableWeights, where);
}

/** The model itself, or the one inside of a Sequential that `fit` trains, which is built if it was not yet. */
export function functionalModel(model: LayersModel, where: string): LayersModel {
  if (model.getClassName() !== 'Sequential') return model;
  if (wrappedModel(model) == null) {
    const remedy = 'Add layers to it, the first with an inputShape';
    requireThat(model.outputs.length > 0, where, 'a model with layers', 'a Sequential without any', remedy);
    (model as Sequential).build();
  }
  return wrappedModel(model)!;
}
