import type { RecordedRun } from './record-file.js';
import { epochsOf } from './training-point.js';
import type { TrainingPoint } from './training-point.js';

/** SGD and NSGD from the same seed, at the last whole epoch that both have reached. */
export interface Pair {
  readonly epoch: number;
  readonly plain: TrainingPoint;
  readonly nudged: TrainingPoint;
  /** Processor time of the training with NSGD, with its searches for directions, in that with SGD. */
  readonly timesAsLong: number;
}

/** NSGD with some γ beside SGD, its directions found once per epoch unless said: a pair for each seed that has both. */
export function besideSgd(
  runs: readonly RecordedRun[],
  gamma: number,
  directions: RecordedRun['run']['directions'] = 'sample',
): readonly Pair[] {
  return runs
    .filter(({ run }) => run.directions === directions && run.gamma === gamma)
    .flatMap((nudged) => {
      const plain = runs.find(({ run }) => run.directions === 'none' && run.seed === nudged.run.seed);
      return plain == null ? [] : [pairOf(plain, nudged)];
    });
}

/** The epochs of some points, each once: '15', '14 and 15'. */
export function epochsIn(points: readonly { readonly epoch: number }[]): string {
  return [...new Set(points.map(({ epoch }) => epoch))].sort((a, b) => a - b).join(' and ');
}

function pairOf(plain: RecordedRun, nudged: RecordedRun): Pair {
  const epoch = Math.floor(Math.min(epochsOf(plain.points), epochsOf(nudged.points)));
  const at = ({ points }: RecordedRun): TrainingPoint => points.find((point) => point.epoch === epoch)!;
  const both = { plain: at(plain), nudged: at(nudged) };
  return { epoch, ...both, timesAsLong: both.nudged.trainingSeconds / both.plain.trainingSeconds };
}
