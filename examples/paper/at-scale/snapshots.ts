import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PackedTensor } from '../packed-tensor.js';
import { writeWhole } from '../write-whole.js';
import type { Checkpoint } from './checkpoint.js';
import { epochsOf } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { idOf } from './training-run.js';

/** Keeps the weights of a path at the last point of a checkpoint, beside the checkpoints: 2 MB for the paper's SimpleCNN. */
export function writeSnapshot(folder: string, plan: ScalePlan, run: TrainingRun, state: Checkpoint): void {
  const { points, weights } = state;
  writeWhole(pathOf(folder, run, epochsOf(points)), JSON.stringify({ key: { run, plan }, weights }));
}

/** The weights of a path at an epoch, in the order of the model; null where they are not kept. */
export function readSnapshot(
  folder: string,
  plan: ScalePlan,
  run: TrainingRun,
  epoch: number,
): readonly PackedTensor[] | null {
  try {
    const stored = JSON.parse(readFileSync(pathOf(folder, run, epoch), 'utf8')) as {
      readonly key: unknown;
      readonly weights: readonly PackedTensor[];
    };
    return isDeepStrictEqual(stored.key, { run, plan }) ? stored.weights : null;
  } catch {
    return null;
  }
}

function pathOf(folder: string, run: TrainingRun, epoch: number): string {
  return join(folder, 'weights', idOf(run), `epoch-${epoch}.json`);
}
