import { forwardPerExample, productPerExample, productsOf, relativeCost, stepPerExample } from './costs.js';
import type { TrainingPoint } from './training-point.js';
import { epochsOf } from './training-point.js';
import { isOver } from './train-run.js';
import type { ScalePlan, TrainingRun } from './training-run.js';

/** Epochs of a unit at most, where two points are a half apart. */
const mostEpochs = 3;

/** Processor seconds that a unit is to take at most. */
const mostSeconds = 3000;

/** Epochs of a unit: what is done in one go, some half an hour of a core for the dearest run. */
function epochsPerUnit(plan: ScalePlan, run: TrainingRun): number {
  const stretch = run.measureEvery ?? 1;
  const stretches = Math.floor(mostSeconds / (stretch * expectedSeconds(plan, run)));
  return stretch * Math.max(1, run.measureEvery == null ? Math.min(mostEpochs, stretches) : stretches);
}

/** How far a run has come. */
export interface RunState {
  readonly run: TrainingRun;
  readonly plan: ScalePlan;
  /** Those of its record. */
  readonly recorded: readonly TrainingPoint[];
  /** Epochs of its checkpoint, 0 where there is none: from here it would go on. */
  readonly resumable: number;
}

/** A stretch of a run, done in one go. */
export interface Unit {
  readonly run: TrainingRun;
  /** Epochs that the run then has behind it. */
  readonly until: number;
}

/**
 * What to do next: of the first group that is not over, the run that has come least far. So the runs of a group can be
 * compared at equal epochs at any time.
 *
 * @param states in the order they are to be done in
 * @returns null where all is done
 */
export function nextUnit(states: readonly RunState[]): Unit | null {
  const open = states.filter(({ run, recorded }) => !isOver(run, recorded));
  const group = open.filter(({ run }) => run.group === open[0]!.run.group);
  const epochs = ({ recorded }: RunState): number => epochsOf(recorded);
  const least = group.reduce<RunState | null>(
    (best, state) => (best == null || epochs(state) < epochs(best) ? state : best),
    null,
  );
  if (least == null) return null;
  const { run, plan, resumable } = least;
  return { run, until: Math.min(run.epochs, Math.floor(resumable) + epochsPerUnit(plan, run)) };
}

/** Processor seconds that an epoch of a run is expected to take before one has been measured. */
export function expectedSeconds(plan: ScalePlan, run: TrainingRun): number {
  const { train, validation, test, lossExamples, hessianExamples, directionExamples, k } = plan;
  const refreshes = Math.floor(train / run.batchSize) / 100;
  // Points of an epoch, and whole epochs among them.
  const [points, whole] = run.measureEvery == null ? [2, 1] : [1 / run.measureEvery, 1 / run.measureEvery];
  const directions = {
    none: 0,
    random: 0,
    sample: whole * productsOf(k) * directionExamples * productPerExample,
    optimizer: refreshes * productsOf(k) * run.batchSize * productPerExample,
  }[run.directions];
  const eigenvalues = points * productsOf(run.eigenvalues) * hessianExamples * productPerExample;
  const forward = ((points + whole) * lossExamples + whole * (validation + test)) * forwardPerExample;
  return (relativeCost(run.model) * (train * stepPerExample + directions + eigenvalues + forward)) / 1000;
}

/** Processor seconds that are left of a run from its checkpoint on: by what its own epochs took, where it has some. */
export function secondsLeft({ plan, run, recorded, resumable }: RunState): number {
  if (isOver(run, recorded)) return 0;
  return (run.epochs - resumable) * secondsPerEpoch(plan, run, recorded);
}

function secondsPerEpoch(plan: ScalePlan, run: TrainingRun, recorded: readonly TrainingPoint[]): number {
  const [first, last] = [recorded[0], recorded.at(-1)];
  if (first == null || last == null || first === last) return expectedSeconds(plan, run);
  // What is measured before the first step is measured once.
  return (last.seconds - first.seconds) / (last.epoch - first.epoch);
}
