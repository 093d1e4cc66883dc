import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import type { Schema } from '../options.js';
import { mandatory, readOptions, unchecked } from '../options.js';
import { remedyFor } from '../remedies.js';
import type { TensorsByName } from './batches.js';
import { countExamples, fitsShape, orderTensors, requireExamples, shapeText } from './batches.js';
import { inputNames, outputNames, requireLayersModel } from './model-structure.js';

/** Examples to differentiate the loss of a model on. The tensors stay the caller's, and must outlive their use. */
export interface ModelData {
  /**
   * Inputs: one tensor, or one per input of the model, in order or by name. Shape [N, …]; numbers [N] stand for [N, 1],
   * as in `model.fit`.
   */
  readonly xs: TensorsByName;
  /** Targets: one tensor, or one per output of the model. Shape [N, …]; numbers [N] stand for [N, 1]. */
  readonly ys: TensorsByName;
  /** Factor on the loss of each example, shape [N]; the mean is still over N, as in `model.fit`. */
  readonly sampleWeight?: Tensor;
}

/** The tensors are checked against the model. */
const schema = {
  xs: mandatory(unchecked<TensorsByName>()),
  ys: mandatory(unchecked<TensorsByName>()),
  sampleWeight: unchecked<Tensor>(),
} satisfies Schema<ModelData>;

/** The names of {@link ModelData}, of which none is an option. */
export const dataNames: readonly string[] = Object.keys(schema);

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
  const remedy = remedyFor('data', data);
  requireArgument(isData(data) && remedy == null, where, 'data {xs, ys}', data, remedy);
  const given = readOptions(data, schema, where, (name) =>
    optionsOfObjectives.includes(name) ? `It is an option: modelObjective(model, data, { ${name} })` : null,
  );
  const xs = orderTensors(given.xs, inputNames(model, where), 'xs', where);
  const ys = orderTensors(given.ys, outputNames(model, where), 'ys', where);
  const sampleWeight = given.sampleWeight ?? null;
  const weights = sampleWeight == null ? [] : [sampleWeight];
  for (const tensor of weights) {
    requireExamples(tensor, 'sampleWeight', where);
    requireArgument(tensor.size === tensor.shape[0], where, 'a sampleWeight of shape [examples]', tensor);
  }
  requireInputShapes(model, xs, where);
  return { xs, ys, sampleWeight, examples: countExamples({ xs, ys, sampleWeight: weights }, where) };
}

/**
 * Puts inputs without targets in the order of those of a model.
 *
 * @throws CurvatureArgumentError as {@link orderData}
 */
export function orderInputs(model: LayersModel, inputs: TensorsByName, where: string): OrderedData {
  const xs = orderTensors(inputs, inputNames(model, where), 'xs', where);
  requireInputShapes(model, xs, where);
  return { xs, ys: [], sampleWeight: null, examples: countExamples({ xs }, where) };
}

/** Names that are sometimes taken for a part of the data. */
const optionsOfObjectives = ['batchSize', 'loss', 'training', 'classWeight'];

function isData(data: unknown): boolean {
  return typeof data === 'object' && data !== null;
}

/** Throws unless each input has the shape that the model was built for, as far as that is fixed. */
function requireInputShapes(model: LayersModel, xs: readonly Tensor[], where: string): void {
  model.inputs.forEach(({ shape }, i) => {
    requireArgument(fitsShape(xs[i]!, shape), where, `xs of shape ${shapeText(shape)}`, xs[i]);
  });
}

/** Throws if a tensor of the data has been disposed since it was ordered. */
export function requireLiveData({ xs, ys, sampleWeight }: OrderedData, where: string): void {
  const named = { xs, ys, sampleWeight: sampleWeight == null ? [] : [sampleWeight] };
  for (const [what, tensors] of Object.entries(named)) {
    requireThat(
      tensors.every((tensor) => !tensor.isDisposed),
      where,
      `${what} that live as long as they are used`,
      'a disposed tensor',
      'Dispose the data after the operators and monitors that use it',
    );
  }
}
