import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import {
  add,
  argMax,
  cast,
  dispose,
  equal,
  gather,
  keep,
  mean,
  mul,
  reshape,
  slice,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireThat } from '../errors.js';
import type { TensorsByName } from '../objectives/batches.js';
import { mapTensors, tensorsOf } from '../objectives/batches.js';
import { evaluateTerm } from '../objectives/linearize-objective.js';
import type { ModelData } from '../objectives/model-data.js';
import type { ModelObjectiveOptions } from '../objectives/model-objective.js';
import { objectiveOfModel } from '../objectives/model-objective.js';
import type { Objective } from '../objectives/objective.js';
import type { LossSource, MinibatchStream, SubObjective } from './loss-source.js';
import { ShuffledPasses } from './shuffled-passes.js';

/** S where none is given: the batch size of the paper's main experiments. */
const defaultBatchSize = 128;

/**
 * A model with its training examples as a source.
 *
 * @param data stays the caller's, also after the source is disposed
 * @param owned tensors that are disposed with the source
 */
export function modelSource(
  model: LayersModel,
  data: ModelData,
  options: ModelObjectiveOptions,
  owned: readonly Tensor[],
  where: string,
): LossSource {
  const { parameters } = objectiveOfModel(model, data, options, where);
  requireMatchingClasses(model, data.ys, where);
  const examples = firstTensor(data.xs).shape[0]!;
  const part = (pick: (tensor: Tensor) => Tensor, count: number): SubObjective =>
    partOf(model, () => pickData(data, pick), options, count, where);
  const gathered = (indices: Int32Array): SubObjective =>
    part((tensor) => tidy(() => gather(tensor, tensor1d(indices, 'int32'))), indices.length);
  return {
    parameters,
    examples,
    first: (count) => {
      const size = Math.min(count, examples);
      return part((tensor) => (size === examples ? tensor.clone() : slice(tensor, 0, size)), size);
    },
    sample: (count, random) => {
      const size = Math.min(count, examples);
      return gathered(new ShuffledPasses(examples, size, random, where).draw().sort());
    },
    minibatches: (batchSize, random): MinibatchStream => {
      const size = batchSize ?? Math.min(defaultBatchSize, examples);
      const passes = new ShuffledPasses(examples, size, random, where);
      return { batchSize: size, draw: () => gathered(passes.draw()) };
    },
    dispose: () => dispose([...owned]),
  };
}

/** Throws unless one-hot labels have as many classes as the model, where it has one output [batch, classes]. */
function requireMatchingClasses(model: LayersModel, ys: TensorsByName, where: string): void {
  const [output, ...others] = model.outputs.map(({ shape }) => shape);
  const labels = firstTensor(ys);
  if (others.length > 0 || output?.length !== 2 || labels.rank !== 2 || labels.shape[1] === 1) return;
  requireThat(
    labels.shape[1] === output[1],
    where,
    `labels of the ${output[1]} classes of the model`,
    `labels of ${labels.shape[1]} classes`,
  );
}

function partOf(
  model: LayersModel,
  pick: () => ModelData,
  options: ModelObjectiveOptions,
  examples: number,
  where: string,
): SubObjective {
  let data!: ModelData;
  let tensors: Tensor[] = [];
  tidy(() => {
    data = pick();
    tensors = [data.xs, data.ys, data.sampleWeight ?? []].flatMap(tensorsOf);
    for (const tensor of tensors) keep(tensor);
  });
  try {
    const objective = objectiveOfModel(model, data, options, where);
    return {
      objective,
      examples,
      accuracy: () => accuracyOf(objective, data.ys, examples),
      dispose: () => dispose(tensors),
    };
  } catch (error) {
    dispose(tensors);
    throw error;
  }
}

/** Copies part of every tensor of a data set. */
function pickData({ xs, ys, sampleWeight }: ModelData, pick: (tensor: Tensor) => Tensor): ModelData {
  return {
    xs: mapTensors(xs, pick),
    ys: mapTensors(ys, pick),
    ...(sampleWeight != null && { sampleWeight: pick(sampleWeight) }),
  };
}

function firstTensor(tensors: TensorsByName): Tensor {
  return tensorsOf(tensors)[0]!;
}

/** Accuracy over all positions of a model with one output [N, …, classes], classes > 1, on one-hot labels or class numbers. */
function accuracyOf(objective: Objective, ys: TensorsByName, examples: number): Scalar | null {
  const labels = firstTensor(ys);
  const first = objective.terms[0]!.split!;
  if (first.likelihoods.length !== 1 || first.likelihoods[0] !== 'categorical') return null;
  let begin = 0;
  return tidy(() =>
    objective.terms
      .map((term) => {
        const outputs = evaluateTerm(objective, () => term.split!.outputs()[0]!);
        const size = outputs.shape[0]!;
        const targets = slice(labels, begin, size);
        begin += size;
        return mul(rightShare(targets, outputs), size / examples) as Scalar;
      })
      .reduce((sum, share) => add(sum, share)),
  );
}

function rightShare(targets: Tensor, outputs: Tensor): Scalar {
  const isOneHot = String(targets.shape) === String(outputs.shape);
  const classes = isOneHot ? argMax(targets, -1) : cast(targets, 'int32');
  const found = argMax(outputs, -1);
  return mean(cast(equal(found, reshape(classes, found.shape)), 'float32'));
}
