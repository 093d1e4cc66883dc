import { readOptions } from '../options.js';
import type { ChartOptions, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf } from './chart.js';
import { distinctNames, finitePoints, linePanel, requireRuns } from './line-panel.js';
import type { TrainingRecord, TrainingRun } from './records.js';

/** A quantity of training, and how its axis is drawn. */
export interface TrainingQuantity {
  /** As records name it. */
  readonly name: 'loss' | 'sharpness' | 'accuracy';
  readonly title: string;
  readonly scale: 'linear' | 'log';
  readonly of: (record: TrainingRecord) => number | null | undefined;
}

/** The quantities the charts of several panels show, top to bottom. */
export const LOSS: TrainingQuantity = {
  name: 'loss',
  title: 'training loss',
  scale: 'log',
  of: (record) => record.loss,
};
export const SHARPNESS: TrainingQuantity = {
  name: 'sharpness',
  title: 'sharpness λ₁',
  scale: 'linear',
  of: (record) => record.sharpness,
};
export const ACCURACY: TrainingQuantity = {
  name: 'accuracy',
  title: 'accuracy',
  scale: 'linear',
  of: (record) => record.accuracy,
};

/**
 * Panels over one another with the same steps and the same series, one per quantity; a quantity that no record has
 * gets no panel.
 *
 * @param where public function to name in errors
 * @throws CurvatureArgumentError unless some record has one of the quantities
 */
export function trainingPanels(
  where: string,
  runs: readonly TrainingRun[],
  quantities: readonly TrainingQuantity[],
  options: ChartOptions,
  title: string,
): VegaLiteSpec {
  const frame = frameOf(readOptions(options, chartSchema(title, 640, 220), where));
  requireRuns(runs, where);
  const seriesNames = distinctNames(
    runs.map(({ name }) => name),
    where,
  );
  const measured = quantities
    .map(({ of, ...quantity }) => ({
      ...quantity,
      points: runs.flatMap(({ name, records }) => finitePoints(name, records, of)),
    }))
    .filter(({ points }) => points.length > 0);
  const names = quantities.map(({ name }) => name).join(' or ');
  requireRows(measured, where, `at least one record with a finite ${names}`);
  const { width, height } = frame;
  return specOf(frame, {
    vconcat: measured.map((quantity, i) =>
      linePanel({ ...quantity, seriesNames, width, height, stepTitle: i === measured.length - 1 }),
    ),
    spacing: 18,
  });
}
