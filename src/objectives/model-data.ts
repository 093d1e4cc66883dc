import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument } from '../errors.js';
import type { TensorsByName } from './batches.js';
import { countExamples, orderTensors } from './batches.js';
import { inputNames, outputNames } from './model-structure.js';

/** Examples to differentiate the loss of a model on. The tensors stay the caller's, and must outlive their use. */
export interface ModelData {
  /** Inputs: one tensor, or one per input of the model, in order or by name. Shape [N, …]. */
  readonly xs: TensorsByName;
  /** Targets: one tensor, or one per output of the model. Shape [N, …]. */
  readonly ys: TensorsByName;
  /** Factor on the loss of each example, shape [N]; the mean is still over N, as in `model.fit`. */
  readonly sampleWeight?: Tensor;
}

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
  requireArgument(data != null && typeof data === 'object', where, 'data {xs, ys}', data);
  const xs = orderTensors(data.xs, inputNames(model), 'xs', where);
  const ys = orderTensors(data.ys, outputNames(model), 'ys', where);
  const sampleWeight = data.sampleWeight ?? null;
  const weights = sampleWeight == null ? [] : [sampleWeight];
  return { xs, ys, sampleWeight, examples: countExamples({ xs, ys, sampleWeight: weights }, where) };
}
