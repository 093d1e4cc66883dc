import { sharpnessChart } from '../../../src/plot/index.js';
import { withSpread } from '../table.js';
import { besideSgd, epochsIn } from './beside-sgd.js';
import type { Block } from './block.js';
import { begun } from './block.js';
import type { RecordedRun } from './record-file.js';
import type { Setting } from './setting.js';
import { runsOfSetting } from './setting.js';
import type { TrainingPoint } from './training-point.js';
import { choiceOf } from './training-run.js';

/** γ of the run that is told of. */
const gamma = 0.01;

/** What the README tells of claim 5: λ₁ along SGD and along NSGD, and where both are. */
export function headlineBlock(all: readonly RecordedRun[], setting: Setting): Block {
  const runs = begun(runsOfSetting(all, setting).filter(({ run }) => run.finding === 'nsgd'));
  const pairs = besideSgd(runs, gamma);
  if (pairs.length === 0) return { text: '', pictures: [] };
  const beside = (of: (point: TrainingPoint) => number): string =>
    [pairs.map(({ nudged }) => of(nudged)), pairs.map(({ plain }) => of(plain))]
      .map(withSpread)
      .join(' against ');
  const [{ run: first }] = runs as [RecordedRun];
  const shown = runs.filter(
    ({ run }) =>
      run.seed === first.seed &&
      (run.directions === 'none' || (run.directions === 'sample' && run.gamma === gamma)),
  );
  return {
    text:
      `With the paper’s net on CIFAR-10 (η = ${first.learningRate}, ${pairs.length === 1 ? 'one seed' : `${pairs.length} seeds`}), ` +
      `NSGD with γ = ${gamma} has, after ${epochsIn(pairs)} epochs, a training loss of ${beside(({ loss }) => loss)} with SGD. ` +
      `Its test accuracy is ${beside(({ testAccuracy }) => testAccuracy!)}, its λ₁ ${beside(({ eigenvalues }) => eigenvalues[0]!)}. ` +
      `With its searches for directions it takes ${withSpread(pairs.map(({ timesAsLong }) => timesAsLong))} times as long.`,
    pictures: [
      {
        name: `${setting.id}-headline`,
        caption: 'Sharpness along SGD and along NSGD, with 2/η',
        spec: sharpnessChart(
          shown.map(({ run, points }) => ({
            name: choiceOf(run),
            learningRate: run.learningRate,
            records: points.map(({ step, eigenvalues }) => ({ step, sharpness: eigenvalues[0]! })),
          })),
          { subtitle: setting.subtitle },
        ),
      },
    ],
  };
}
