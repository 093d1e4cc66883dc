import { join } from 'node:path';
import { dispose } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { startBackend } from '../bench.js';
import type { PackedTensor } from '../packed-tensor.js';
import { unpackTensor } from '../packed-tensor.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { createTrained } from './create-trained.js';
import type { CloseUpFinding, CloseUpPlan, CloseUpSite, CloseUpUnit } from './close-up.js';
import { unitsOf } from './close-up.js';
import type { CloseUpSubject } from './close-up-file.js';
import { addCloseUp, readCloseUps } from './close-up-file.js';
import { DataStore } from './data-store.js';
import { readRecord } from './record-file.js';
import type { ScaleSettings } from './run-at-scale.js';
import { readSnapshot, writeSnapshot } from './snapshots.js';
import { Stopwatch } from './stopwatch.js';
import { trainRun } from './train-run.js';
import { epochsOf } from './training-point.js';
import type { TrainingRun } from './training-run.js';
import { nameOf } from './training-run.js';

/** Where close-ups are kept, and what they are made of. */
export type CloseUpSettings = ScaleSettings & { readonly closeUp: CloseUpPlan };

/**
 * Looks closer at paths, as far as their records go, unit by unit. It may be stopped at any moment: what is in a record is
 * not done again. The weights of a point are those kept when the path passed it; where they are lost the path is trained
 * again up to there, which comes to the same weights.
 *
 * @param paths in the order they are to be done in; one without a record is passed over
 */
export async function runCloseUps(
  finding: CloseUpFinding,
  paths: readonly TrainingRun[],
  settings: CloseUpSettings,
): Promise<void> {
  await startBackend();
  const store = new DataStore(settings);
  try {
    for (const path of paths) {
      const subject = subjectOf(finding, path, settings);
      for (const unit of openUnits(subject, settings)) {
        const left = paths
          .flatMap((other) => openUnits(subjectOf(finding, other, settings), settings))
          .reduce((sum, { seconds }) => sum + seconds, 0);
        settings.say(
          `${finding}, ${nameOf(path)}: ${unit.id}; left ${(left / 3600).toFixed(1)} h of a core, without trainings`,
        );
        await runUnit(unit, subject, store, settings);
      }
    }
  } finally {
    store.dispose();
  }
}

function subjectOf(
  finding: CloseUpFinding,
  path: TrainingRun,
  { planOf, closeUp }: CloseUpSettings,
): CloseUpSubject {
  return { finding, path, plan: planOf(path), closeUp };
}

function openUnits(subject: CloseUpSubject, { records }: CloseUpSettings): readonly CloseUpUnit[] {
  const { finding, path, plan, closeUp } = subject;
  const done = new Set(readCloseUps(records, subject).map(({ id }) => id));
  const units = unitsOf(finding, plan, closeUp, readRecord(records, plan, path));
  return units.filter(({ id }) => !done.has(id));
}

async function runUnit(
  unit: CloseUpUnit,
  subject: CloseUpSubject,
  store: DataStore,
  settings: CloseUpSettings,
): Promise<void> {
  const { id, epoch } = unit;
  const { path, plan, closeUp } = subject;
  const data = store.load(path);
  const site: CloseUpSite = { path, plan, closeUp, data };
  const model = modelWith(await weightsAt(epoch, site, settings), site);
  const watch = new Stopwatch();
  watch.start();
  try {
    const result = await unit.measure(site, model);
    addCloseUp(settings.records, subject, { id, epoch, seconds: watch.seconds, result });
  } finally {
    model.dispose();
  }
}

/** The weights of a path at an epoch: those that were kept, or trained again; null for those that a model begins with. */
async function weightsAt(
  epoch: number,
  { path, plan, data }: CloseUpSite,
  { checkpoints, say }: CloseUpSettings,
): Promise<readonly PackedTensor[] | null> {
  if (epoch === 0) return null;
  const kept = readSnapshot(checkpoints, plan, path, epoch);
  if (kept != null) return kept;
  // With checkpoints of its own: those of the path itself may be further on.
  const again = join(checkpoints, 'again');
  const [nearest = null] = [checkpoints, again]
    .flatMap((folder) => readCheckpoint(folder, plan, path) ?? [])
    .filter(({ points }) => epochsOf(points) <= epoch)
    .sort((a, b) => epochsOf(b.points) - epochsOf(a.points));
  const from = epochsOf(nearest?.points ?? []);
  if (nearest != null && from === epoch) return nearest.weights;
  say(`  its weights are not here: trained again from epoch ${from} to ${epoch}`);
  let weights: readonly PackedTensor[] | null = null;
  const site = {
    plan,
    data,
    onCheckpoint: (state: Parameters<typeof writeCheckpoint>[3]) => {
      writeCheckpoint(again, plan, path, state);
      writeSnapshot(checkpoints, plan, path, state);
      if (epochsOf(state.points) === epoch) ({ weights } = state);
    },
  };
  await trainRun(site, path, nearest, epoch);
  return weights;
}

/** A compiled model of a path with some weights, or its first; the caller disposes it. */
function modelWith(weights: readonly PackedTensor[] | null, { path, plan, data }: CloseUpSite): LayersModel {
  const model = createTrained(path, plan, data);
  if (weights != null) {
    const tensors = weights.map(unpackTensor);
    model.setWeights(tensors);
    dispose(tensors);
  }
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  return model;
}
