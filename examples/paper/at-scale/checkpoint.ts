import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { dispose } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { NSGD } from '../../../src/optimizers/nsgd.js';
import type { PackedTensor } from '../packed-tensor.js';
import { packTensor, unpackTensor } from '../packed-tensor.js';
import { writeWhole } from '../write-whole.js';
import type { TrainingPoint } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { idOf } from './training-run.js';

/**
 * All that the rest of a training depends on, as plain JSON. The order of the examples is that of the seed and the
 * number of steps: it is drawn anew.
 */
export interface Checkpoint {
  /** With full digits. The last of them says how many steps were taken. */
  readonly points: readonly TrainingPoint[];
  /** Weights in the order of the model. */
  readonly weights: readonly PackedTensor[];
  /** State of the optimizer, with its directions. */
  readonly optimizer: readonly (PackedTensor & { readonly name: string })[];
  /** Eigenvectors of the last measurement, from which the next one begins. */
  readonly eigenvectors: PackedTensor;
}

/** The last checkpoint of a run; null where there is none, or that of other settings. */
export function readCheckpoint(folder: string, plan: ScalePlan, run: TrainingRun): Checkpoint | null {
  try {
    const stored = JSON.parse(readFileSync(pathOf(folder, run), 'utf8')) as { key: unknown } & Checkpoint;
    return isDeepStrictEqual(stored.key, { run, plan }) ? stored : null;
  } catch {
    return null;
  }
}

/** Puts a checkpoint in the place of the one before, whole or not at all. */
export function writeCheckpoint(folder: string, plan: ScalePlan, run: TrainingRun, state: Checkpoint): void {
  writeWhole(pathOf(folder, run), JSON.stringify({ key: { run, plan }, ...state }));
}

/** Reads what a model and its optimizer hold. */
export async function packTraining(
  model: LayersModel,
  optimizer: NSGD,
): Promise<Pick<Checkpoint, 'weights' | 'optimizer'>> {
  const named = await optimizer.getWeights();
  return {
    weights: await Promise.all(model.getWeights().map(packTensor)),
    optimizer: await Promise.all(
      named.map(async ({ name, tensor }) => ({ name, ...(await packTensor(tensor)) })),
    ),
  };
}

/** Gives a model and its optimizer what they held. */
export async function unpackTraining(
  model: LayersModel,
  optimizer: NSGD,
  state: Pick<Checkpoint, 'weights' | 'optimizer'>,
): Promise<void> {
  const weights = state.weights.map(unpackTensor);
  model.setWeights(weights);
  const named = state.optimizer.map(({ name, ...packed }) => ({ name, tensor: unpackTensor(packed) }));
  await optimizer.setWeights(named);
  dispose([...weights, ...named.map(({ tensor }) => tensor)]);
}

function pathOf(folder: string, run: TrainingRun): string {
  return join(folder, `${idOf(run)}.json`);
}
