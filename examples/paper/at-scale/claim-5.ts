import { learningCurvesChart } from '../../../src/plot/index.js';
import type { VegaLiteSpec } from '../../../src/plot/index.js';
import { groupBy, markdownTable, withSpread } from '../table.js';
import { epochsIn } from './beside-sgd.js';
import type { Block } from './block.js';
import { begun } from './block.js';
import type { RecordedRun } from './record-file.js';
import type { Setting } from './setting.js';
import { runsOfSetting } from './setting.js';
import type { TrainingPoint } from './training-point.js';
import { choiceOf } from './training-run.js';

/** Claim 5: NSGD beside SGD. */
export function nsgdBlock(all: readonly RecordedRun[], setting: Setting): Block {
  const { id, where, subtitle } = setting;
  const runs = begun(runsOfSetting(all, setting).filter(({ run }) => run.finding === 'nsgd'));
  if (runs.length === 0) return { text: '', pictures: [] };
  const [{ run: first }] = runs as [RecordedRun];
  const alike = runs.filter(({ run }) => run.seed === first.seed);
  return {
    text: tables(runs),
    pictures: [
      {
        name: `${id}-nsgd`,
        caption: `NSGD ${where}: loss, sharpness and validation accuracy against steps, seed ${first.seed}`,
        spec: learningCurvesChart(alike.map(curveOf), { subtitle: `${subtitle}, seed ${first.seed}` }),
      },
      {
        name: `${id}-nsgd-seconds`,
        caption: `NSGD ${where}: loss against minutes of a core, with the searches for directions, seed ${first.seed}`,
        spec: lossAgainstMinutes(alike, subtitle),
      },
      {
        name: `${id}-nsgd-accuracy`,
        caption: `NSGD ${where}: test accuracy by epoch, mean over the seeds and their range`,
        spec: accuracyWithRange(runs, subtitle),
      },
    ],
  };
}

/** The epochs at which runs are compared. */
const comparedAt = [1, 3, 5, 10, 15];

const head = [
  'run',
  'seeds',
  'epoch',
  'training loss',
  'λ₁',
  'distance',
  'validation accuracy',
  'test accuracy',
  'minutes of a core for the training',
];

function tables(runs: readonly RecordedRun[]): string {
  const byChoice = [...groupBy(runs, ({ run }) => choiceOf(run))];
  const rowsOf = (pick: (points: readonly TrainingPoint[]) => TrainingPoint | undefined): string[][] =>
    byChoice.flatMap(([name, group]) => {
      const at = group.flatMap(({ points }) => pick(points) ?? []);
      const of = (value: (point: TrainingPoint) => number): string => withSpread(at.map(value));
      const row = [
        name,
        String(at.length),
        epochsIn(at),
        of(({ loss }) => loss),
        of(({ eigenvalues }) => eigenvalues[0]!),
        of(({ distance }) => distance),
        of(({ validationAccuracy }) => validationAccuracy!),
        of(({ testAccuracy }) => testAccuracy!),
        of(({ trainingSeconds }) => trainingSeconds / 60),
      ];
      return at.length === 0 ? [] : [row];
    });
  const equal = comparedAt.flatMap((compared) =>
    rowsOf((points) => points.find(({ epoch }) => epoch === compared)),
  );
  return [
    'At equal epochs, where a run has come so far:',
    markdownTable(head, equal),
    'At the epoch of the best validation accuracy so far:',
    markdownTable(head, rowsOf(bestValidation)),
  ].join('\n\n');
}

function bestValidation(points: readonly TrainingPoint[]): TrainingPoint {
  return points
    .filter(({ epoch, validationAccuracy }) => epoch >= 1 && validationAccuracy != null)
    .reduce((best, point) => (point.validationAccuracy! > best.validationAccuracy! ? point : best));
}

function curveOf({ run, points }: RecordedRun) {
  return {
    name: choiceOf(run),
    records: points.map(({ step, loss, eigenvalues, validationAccuracy }) => ({
      step,
      loss,
      sharpness: eigenvalues[0]!,
      accuracy: validationAccuracy,
    })),
  };
}

function lossAgainstMinutes(runs: readonly RecordedRun[], subtitle: string): VegaLiteSpec {
  const values = runs.flatMap(({ run, points }) =>
    points.map(({ trainingSeconds, loss }) => ({ run: choiceOf(run), minutes: trainingSeconds / 60, loss })),
  );
  return lines(
    runs,
    { text: 'Training loss against the time of training', subtitle },
    {
      data: { values },
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'minutes', type: 'quantitative', title: 'minutes of a core' },
        y: { field: 'loss', type: 'quantitative', title: 'training loss', scale: { zero: false } },
        ...seriesOf(runs),
      },
    },
  );
}

/** Mean and range over the seeds of a choice, at the epochs that all of them have reached. */
function accuracyWithRange(runs: readonly RecordedRun[], subtitle: string): VegaLiteSpec {
  const values = [...groupBy(runs, ({ run }) => choiceOf(run))].flatMap(([name, group]) => {
    const epochs = group[0]!.points.map(({ epoch }) => epoch);
    return epochs.flatMap((epoch) => {
      const at = group.flatMap(
        ({ points }) => points.find((point) => point.epoch === epoch)?.testAccuracy ?? [],
      );
      if (at.length < group.length) return [];
      const mean = at.reduce((sum, value) => sum + value, 0) / at.length;
      return [{ run: name, epoch, mean, low: Math.min(...at), high: Math.max(...at) }];
    });
  });
  const x = { field: 'epoch', type: 'quantitative', title: 'epoch' };
  const y = { type: 'quantitative', title: 'test accuracy', scale: { zero: false } };
  return lines(
    runs,
    { text: 'Test accuracy, mean over the seeds and their range', subtitle },
    {
      data: { values },
      layer: [
        {
          mark: { type: 'errorbar', ticks: true },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: seriesOf(runs).color },
        },
        {
          mark: { type: 'line', point: true },
          encoding: { x, y: { ...y, field: 'mean' }, ...seriesOf(runs) },
        },
      ],
    },
  );
}

function seriesOf(runs: readonly RecordedRun[]) {
  const domain = [...new Set(runs.map(({ run }) => choiceOf(run)))];
  const line = { symbolType: 'stroke', symbolSize: 500, symbolStrokeWidth: 2.5 };
  const legend = { ...line, orient: 'top', columns: 2 };
  const series = { field: 'run', type: 'nominal', title: null, legend, scale: { domain } };
  return { color: series, strokeDash: series };
}

/** A picture in the colours of the others. */
function lines(
  runs: readonly RecordedRun[],
  title: { readonly text: string; readonly subtitle: string },
  body: Readonly<Record<string, unknown>>,
): VegaLiteSpec {
  const { $schema, background, padding, config } = learningCurvesChart(runs.slice(0, 1).map(curveOf));
  return {
    $schema,
    background,
    padding,
    config,
    title,
    width: 640,
    height: 300,
    ...body,
  };
}
