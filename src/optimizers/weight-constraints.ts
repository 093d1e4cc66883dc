import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';

/** Maps the value of a weight to the nearest allowed one, as the constraints of tfjs-layers do. */
export type WeightConstraint = (weight: Tensor) => Tensor;

/**
 * The constraints that the layers of a model declare (`kernelConstraint`, `biasConstraint`, …), by variable name.
 *
 * An optimizer is handed bare variables, which know nothing of their constraints: that is why the optimizers of
 * TensorFlow.js never apply them.
 *
 * @param model the model whose weights to look through
 */
export function weightConstraints(model: LayersModel): Map<string, WeightConstraint> {
  requireArgument(Array.isArray(model?.weights), 'NSGD.constrain', 'a LayersModel', model);
  const constraints = new Map<string, WeightConstraint>();
  for (const weight of model.weights) {
    const { constraint } = weight;
    if (constraint != null) constraints.set(weight.name, (value) => constraint.apply(value));
  }
  return constraints;
}
