import type { AnalysisProgress } from '../../../src/analysis/analysis-options.js';
import type { TrainingJob } from '../job.js';
import type { PreparedData } from '../prepared-data.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { trainRun } from './train-run.js';
import type { TrainingPoint } from './training-point.js';
import { stepsPerEpoch } from './training-run.js';

/**
 * Does a training to its end, from the checkpoint in a folder of this machine on, where there is one. What comes of it
 * does not depend on that, but for the seconds.
 */
export async function trainWhole(
  { plan, run, checkpoints }: TrainingJob,
  data: PreparedData,
  onProgress: (progress: AnalysisProgress) => void,
): Promise<readonly TrainingPoint[]> {
  const from = readCheckpoint(checkpoints, plan, run);
  let points = from?.points ?? [];
  const total = run.epochs * stepsPerEpoch(plan, run);
  const site = {
    plan,
    data,
    onCheckpoint: (state: Parameters<typeof writeCheckpoint>[3]) => {
      writeCheckpoint(checkpoints, plan, run, state);
      ({ points } = state);
    },
    onStep: (done: number) => onProgress({ done, total }),
  };
  await trainRun(site, run, from, run.epochs);
  return points;
}
