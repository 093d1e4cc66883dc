import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import type { TensorsByName } from './batches.js';
import { countExamples, orderTensors, requireExamples } from './batches.js';
import { inputNames, outputNames, requireLayersModel } from './model-structure.js';

/** Examples to differentiate the loss of a model on. The tensors stay the caller's, and must outlive their use. */
export interface ModelData {
  /** Inputs: one tensor, or one per input of the model, in order or by name. Shape [N, …]. */
  readonly xs: TensorsByName;
  /** Targets: one tensor, or one per output of the model. Shape [N, …]. */
  readonly ys: TensorsByName;
  /** Factor on the loss of each example, shape [N]; the mean is still over N, as in `model.fit`. */
  readonly sampleWeight?: Tensor;
}

const modelDataNames: OptionNames<ModelData> = { xs: 'value', ys: 'value', sampleWeight: 'value' };

/** The same in the order of a model's inputs and outputs. */
export interface OrderedData {
  readonly xs: readonly Tensor[];
  readonly ys: readonly Tensor[];
  readonly sampleWeight: Tensor | null;
  /** N, at least 1. */
  readonly examples: number;
}

/**
 * Puts the tensors of a data set in the order of a model's inputs and outputs.
 *
 * @throws CurvatureArgumentError that names `where`, if a tensor is missing or too many, or they differ in length
 */
export function orderData(model: LayersModel, data: ModelData, where: string): OrderedData {
  requireLayersModel(model, where);
  requireArgument(data != null && typeof data === 'object', where, 'data {xs, ys}', data);
  requireOptions(data, modelDataNames, where);
  const xs = orderTensors(data.xs, inputNames(model), 'xs', where);
  const ys = orderTensors(data.ys, outputNames(model), 'ys', where);
  const sampleWeight = data.sampleWeight ?? null;
  const weights = sampleWeight == null ? [] : [sampleWeight];
  for (const tensor of weights) {
    requireExamples(tensor, 'sampleWeight', where);
    requireArgument(tensor.size === tensor.shape[0], where, 'a sampleWeight of shape [examples]', tensor);
  }
  requireInputShapes(model, xs, where);
  return { xs, ys, sampleWeight, examples: countExamples({ xs, ys, sampleWeight: weights }, where) };
}

/** Throws unless each input has the shape that the model was built for, as far as that is fixed. */
function requireInputShapes(model: LayersModel, xs: readonly Tensor[], where: string): void {
  model.inputs.forEach(({ shape }, i) => {
    const { shape: given } = xs[i]!;
    requireArgument(
      given.length === shape.length && shape.every((size, axis) => size == null || size === given[axis]),
      where,
      `xs of shape ${shapeText(shape)}`,
      xs[i],
    );
  });
}

/** A shape in words, with `…` for a size that is open. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? '…').join(',')}]`;
}
