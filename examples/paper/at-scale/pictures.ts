import { learningCurvesChart, sharpnessChart } from '../../../src/plot/index.js';
import type { VegaLiteSpec } from '../../../src/plot/index.js';
import type { Picture } from '../finding.js';
import type { RecordedRun } from './record-file.js';
import type { TrainingRun } from './training-run.js';
import { nameOf } from './training-run.js';

/** What the pictures show, for the line under their headings. */
const subtitle = 'SimpleCNN with 361 898 parameters, CIFAR-10 (45 000 images)';

/** The pictures of the runs that have a record of two points or more. */
export function pictures(runs: readonly RecordedRun[]): readonly Picture[] {
  const drawn = (finding: TrainingRun['finding']): readonly RecordedRun[] =>
    runs.filter(({ run, points }) => run.finding === finding && points.length > 1);
  const [nsgd, paths] = [drawn('nsgd'), drawn('sharpness')];
  const all: Picture[] = [];
  if (nsgd.length > 0) {
    all.push(
      {
        name: 'scale-nsgd',
        caption: 'NSGD at the paper’s scale: loss, sharpness and validation accuracy against steps',
        spec: learningCurvesChart(nsgd.map(curveOf), { subtitle }),
      },
      {
        name: 'scale-nsgd-seconds',
        caption:
          'NSGD at the paper’s scale: loss against minutes of a core, with the searches for directions',
        spec: lossAgainstMinutes(nsgd),
      },
    );
  }
  if (paths.length > 0) {
    all.push({
      name: 'scale-sharpness',
      caption: 'Sharpness along SGD at the paper’s scale, with 2/η',
      spec: sharpnessChart(paths.map(curveOf), { subtitle, axes: 'log' }),
    });
  }
  return all;
}

function curveOf({ run, points }: RecordedRun) {
  return {
    name: nameOf(run),
    learningRate: run.learningRate,
    records: points.map(({ step, loss, eigenvalues, validationAccuracy }) => ({
      step,
      loss,
      sharpness: eigenvalues[0]!,
      accuracy: validationAccuracy,
    })),
  };
}

/** In the colours of the other pictures. */
function lossAgainstMinutes(runs: readonly RecordedRun[]): VegaLiteSpec {
  const names = runs.map(({ run }) => nameOf(run));
  const values = runs.flatMap(({ run, points }) =>
    points.map(({ trainingSeconds, loss }) => ({ run: nameOf(run), minutes: trainingSeconds / 60, loss })),
  );
  const { $schema, background, padding, config } = learningCurvesChart(runs.map(curveOf));
  const series = { field: 'run', type: 'nominal', title: null, scale: { domain: names } };
  return {
    $schema,
    background,
    padding,
    config,
    title: { text: 'Training loss against the time of training', subtitle },
    width: 640,
    height: 300,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'minutes', type: 'quantitative', title: 'minutes of a core' },
      y: { field: 'loss', type: 'quantitative', title: 'training loss', scale: { zero: false } },
      color: { ...series, legend: { orient: 'top', columns: 2, labelLimit: 320 } },
      strokeDash: series,
    },
  };
}
