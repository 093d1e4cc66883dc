import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';

/** Throws a CurvatureArgumentError that names `where` unless `model` is one of tfjs-layers. */
export function requireLayersModel(model: LayersModel, where: string): void {
  const isModel = typeof model?.apply === 'function' && 'trainableWeights' in model && 'inputs' in model;
  requireArgument(isModel, where, 'a LayersModel', model);
}

/** The names of a model's inputs, in order. */
export function inputNames(model: LayersModel): readonly string[] {
  return functionalModel(model).inputNames;
}

/** The names of a model's outputs, in order. */
export function outputNames(model: LayersModel): readonly string[] {
  return functionalModel(model).outputNames;
}

/** The trainable weights of a model as variables, in the order of its layers. */
export function trainableVariables(model: LayersModel): Variable[] {
  // A layer used twice lists its weights once; a weight shared by two layers is one variable.
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  return [...new Set(variables)];
}

/** The model itself, or the one inside of a Sequential, which is built if it was not yet. */
function functionalModel(model: LayersModel): LayersModel {
  if (model.getClassName() !== 'Sequential') return model;
  const sequential = model as unknown as { model?: LayersModel };
  if (sequential.model == null) (model as Sequential).build();
  return sequential.model!;
}
