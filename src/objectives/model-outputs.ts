import type { Tensor } from '@tensorflow/tfjs-core';
import { concat } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireThat } from '../errors.js';
import { hasStates, withPassingStates } from '../tfjs/stateful-layers.js';
import type { Batch } from './batches.js';
import { asColumn, cutIntoBatches, takeExamples } from './batches.js';

/**
 * What a model puts out for some batches of its inputs, run one after another: by batch, then by output.
 *
 * @param xs in the order of the model's inputs
 * @param training whether layers run as in training
 */
export function modelOutputs(
  model: LayersModel,
  xs: readonly Tensor[],
  batches: readonly Batch[],
  training: boolean,
): Tensor[][] {
  const take = (batch: Batch): Tensor[] =>
    xs.map((x, i) => asColumn(takeExamples(x, batch), model.inputs[i]!.shape.length));
  return withPassingStates(model, () => batches.map((batch) => applyModel(model, take(batch), training)));
}

/** One tensor of the examples of several batches. */
export function joinExamples(parts: Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : concat(parts, 0);
}

/**
 * The batches that examples are cut into, in groups that are differentiated at once: each by itself, or all together where
 * states go on from one to the next.
 *
 * @param asked how many examples to run at once, if it was said
 * @throws CurvatureArgumentError that names `where`, for a stateful model that was built for batches of another size
 */
export function batchGroups(
  model: LayersModel,
  examples: number,
  asked: number | undefined,
  where: string,
): Batch[][] {
  const batches = cutIntoBatches(examples, batchSizeFor(model, examples, asked, where));
  return hasStates(model) ? [batches] : batches.map((batch) => [batch]);
}

function applyModel(model: LayersModel, xs: Tensor[], training: boolean): Tensor[] {
  const outputs = model.apply(xs.length === 1 ? xs[0]! : xs, { training }) as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** How many examples are run at once. Stateful layers hold the state of so many, and take no others. */
function batchSizeFor(
  model: LayersModel,
  examples: number,
  asked: number | undefined,
  where: string,
): number {
  const fixed = model.inputs[0]?.shape[0] ?? null;
  const batchSize = asked ?? fixed ?? 128;
  if (!hasStates(model) || fixed == null) return batchSize;
  const expected = `batchSize ${fixed}, which the stateful model was built for`;
  requireThat(batchSize === fixed, where, expected, String(batchSize));
  requireThat(
    examples % fixed === 0,
    where,
    `a multiple of ${fixed} examples, the batch size of the stateful model`,
    String(examples),
  );
  return batchSize;
}
