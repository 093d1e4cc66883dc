import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CurvatureArgumentError, describe, requireThat } from '../errors.js';
import { orderTensors } from '../objectives/batches.js';
import type { ModelData } from '../objectives/model-data.js';
import type { ModelObjectiveOptions } from '../objectives/model-objective.js';
import { outputNames, requireLayersModel } from '../objectives/model-structure.js';
import type { Objective } from '../objectives/objective.js';
import { requireObjective } from '../objectives/objective.js';
import type { Schema } from '../options.js';
import { byDefault, mandatory, readOptions, unchecked } from '../options.js';
import { remedyFor } from '../remedies.js';
import type { LossSource } from './loss-source.js';
import { modelSource } from './model-source.js';
import { objectiveSource } from './objective-source.js';
import type { RandomLabelOptions } from './random-labels.js';
import { randomLabels } from './random-labels.js';

/** A model with the examples it is trained on. */
export interface ModelTarget {
  readonly model: LayersModel;
  /** The training examples. The tensors stay the caller's. */
  readonly data: ModelData;
  /** How the loss is taken: another one than the compiled, layers as in training, examples differentiated at once. */
  readonly objective?: ModelObjectiveOptions;
  /** Replaces the labels by random ones, for models with one output: see {@link randomLabels}. Default: not. */
  readonly randomLabels?: RandomLabelOptions;
}

/** Each is checked by the function that takes it. */
const targetSchema = {
  model: mandatory(unchecked<LayersModel>()),
  data: mandatory(unchecked<ModelData>()),
  objective: byDefault(unchecked<ModelObjectiveOptions>(), {}),
  randomLabels: unchecked<RandomLabelOptions>(),
} satisfies Schema<ModelTarget>;

/**
 * What is measured: a model with its data, or any objective. Of an objective the terms are the minibatches, and its
 * loss is always the whole sum: give a model, or `modelObjective` with the batch size wanted.
 */
export type AnalysisTarget = ModelTarget | Objective;

/** Makes a target ready to be measured. The caller disposes the source. */
export function openTarget(target: AnalysisTarget, where: string): LossSource {
  const isObject = target != null && typeof target === 'object';
  if (isObject && 'terms' in target) {
    requireObjective(target, where);
    return objectiveSource(target, where);
  }
  if (!isObject || !('model' in target) || target.data == null) {
    const remedy = remedyFor('target', target);
    throw new CurvatureArgumentError(
      where,
      'a target {model, data} or an objective',
      describe(target),
      remedy,
    );
  }
  const { model, data, objective, randomLabels: labels } = readOptions(target, targetSchema, where);
  if (labels == null) return modelSource(model, data, objective, [], where);
  requireLayersModel(model, where);
  const names = outputNames(model, where);
  requireThat(names.length === 1, where, 'a model with one output, to replace its labels', `${names.length}`);
  const [given] = orderTensors(data.ys, names, 'ys', where);
  const ys = randomLabels(given!, { ...classesOf(model), ...labels });
  return modelSource(model, { ...data, ys }, objective, [ys], where);
}

/** The classes that a model with one output [batch, classes] tells apart: two, by a single number. */
function classesOf(model: LayersModel): Pick<RandomLabelOptions, 'classes'> {
  const shape = model.outputs[0]?.shape;
  const classes = shape?.[shape.length - 1];
  return classes == null ? {} : { classes: Math.max(classes, 2) };
}
