import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { weightVariables } from '../variables.js';

type Layer = LayersModel['layers'][number];

const layers = new WeakMap<Variable, Layer>();

/** Notes which layer each trainable weight of a model belongs to, also in models that are its layers. */
export function noteLayers(model: LayersModel, where: string): void {
  for (const layer of model.layers) {
    if ('layers' in layer) noteLayers(layer as LayersModel, where);
    else for (const variable of weightVariables(layer.trainableWeights, where)) layers.set(variable, layer);
  }
}

/** The layer of a variable of a model that something was made of; undefined for other variables. */
export function layerOfVariable(variable: Variable): object | undefined {
  return layers.get(variable);
}
