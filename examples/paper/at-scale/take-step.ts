import { dispose, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { gradientOf } from '../../../src/analysis/loss-and-gradient.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { NSGD } from '../../../src/optimizers/nsgd.js';
import type { Examples } from '../prepared-data.js';
import { trainOn } from '../training-step.js';
import { stepWithin } from './top-step.js';
import type { TrainingRun } from './training-run.js';

/** What a step is taken by. */
interface Trained {
  readonly run: TrainingRun;
  readonly model: LayersModel;
  /** The one the model is compiled with. */
  readonly optimizer: NSGD;
}

/** A step of a run on the examples with some indices: all of it, or its part in the span of the directions. */
export async function takeStep(
  { run, model, optimizer }: Trained,
  examples: Examples,
  indices: Int32Array,
): Promise<void> {
  const step = async (): Promise<void> =>
    indices.length === examples.xs.shape[0]
      ? stepOnAll(model, optimizer, examples)
      : trainOn(model, examples, indices);
  const { directions } = optimizer;
  if (run.keeps == null || directions == null) return step();
  // The optimizer lays them out anew at its first step.
  const rows = directions.clone();
  try {
    await stepWithin(rows, model, step);
  } finally {
    rows.dispose();
  }
}

/**
 * A step on all examples. The gradient is summed up from batches of 128: taken at once, that of 2 000 images of CIFAR-10
 * fills the memory of the WASM backend.
 */
function stepOnAll(model: LayersModel, optimizer: NSGD, examples: Examples): void {
  const objective = modelObjective(model, examples);
  const { parameters } = objective;
  const parts = tidy(() => parameters.unflatten(gradientOf(objective, 'stepOnAll')));
  optimizer.applyGradients(parameters.variables.map(({ name }, i) => ({ name, tensor: parts[i]! })));
  dispose(parts);
}
