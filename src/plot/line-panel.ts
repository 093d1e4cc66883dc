import { requireArgument } from '../errors.js';
import type { SpecPart } from './chart.js';
import { logAxis, lossAxis, rangeOf } from './log-axis.js';
import type { TrainingRecord, TrainingRun } from './records.js';
import type { Fields } from './require-records.js';
import { isDrawable, requireRecords } from './require-records.js';

/** A value of a series at a step. */
export interface SeriesPoint {
  readonly series: string;
  readonly step: number;
  readonly value: number;
}

/** One set of axes with a line per series against the step. */
export interface LinePanel {
  readonly points: readonly SeriesPoint[];
  /** All series of the chart in order, so that panels agree on colours. */
  readonly seriesNames: readonly string[];
  /** Title of the vertical axis. */
  readonly title: string;
  /** `log` where the values are positive and far apart, else linear. */
  readonly scale: 'linear' | 'log';
  readonly width: number;
  readonly height: number;
  /** False for panels over another one, which share its horizontal axis. */
  readonly stepTitle: boolean;
  /** `log` where the series differ in length by orders: all steps are > 0 then. Default `linear`. */
  readonly stepScale?: 'linear' | 'log';
  /** Values the vertical axis has to reach besides those of the points. */
  readonly levels?: readonly number[];
}

// Each series differs by dashes too: a reader without colours follows a line by them.
// There are seven to the palette's eight colours, so that a ninth series repeats neither together.
const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4], [9, 2, 2, 2, 2, 2]];

// So few measurements in a panel are worth seeing one by one.
const FEW = 160;

/** A legend whose symbols are pieces of the lines, dashes included. */
export const LINE_SYMBOLS = { symbolType: 'stroke', symbolStrokeWidth: 2.5, symbolSize: 500 } as const;

/**
 * The names, if they tell the series apart: two series of one name would be drawn as one line.
 *
 * @throws CurvatureArgumentError for a name that comes twice
 */
export function distinctNames(names: readonly string[], where: string): readonly string[] {
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  requireArgument(repeated === undefined, where, 'a name of its own for each series', repeated);
  return names;
}

const runFields: Fields<TrainingRun> = { name: 'text', records: 'records', learningRate: 'number?' };
const recordFields: Fields<TrainingRecord> = {
  step: 'number',
  loss: 'number?',
  accuracy: 'number?',
  sharpness: 'number?',
  eigenvalues: 'numbers?',
};

/** Throws a CurvatureArgumentError that names `where` unless these are runs with records. */
export function requireRuns(runs: readonly TrainingRun[], where: string): void {
  requireRecords(runs, runFields, where, `Write ${where}([{ name: 'SGD', records: monitor.records }])`);
  for (const { records } of runs) requireRecords(records, recordFields, where);
}

/** The points whose value is there and finite. */
export function finitePoints<T extends { readonly step: number }>(
  series: string,
  records: readonly T[],
  valueOf: (record: T) => number | null | undefined,
): SeriesPoint[] {
  return records.flatMap((record) => {
    const value = valueOf(record);
    return isDrawable(record.step) && isDrawable(value) ? [{ series, step: record.step, value }] : [];
  });
}

/** The specification of a panel. */
export function linePanel(panel: LinePanel): SpecPart {
  const { points, seriesNames, title, scale, width, height, stepTitle, stepScale, levels = [] } = panel;
  const linear = { scale: { type: 'linear', nice: true }, axis: { tickCount: 6 } };
  const axes = scale === 'log' ? lossAxis([...points.map(({ value }) => value), ...levels]) : linear;
  return {
    width,
    height,
    data: { values: points },
    mark: { type: 'line', point: points.length <= FEW && { size: 28 } },
    encoding: {
      x: {
        field: 'step',
        type: 'quantitative',
        title: stepTitle ? 'optimizer step' : null,
        ...(stepScale === 'log' && logAxis(...rangeOf(points.map(({ step }) => step)))),
      },
      y: { field: 'value', type: 'quantitative', title, ...axes },
      ...seriesEncoding(seriesNames),
    },
  };
}

/** Colour and dashes by series, with one legend, which a single series does without. */
export function seriesEncoding(seriesNames: readonly string[]): SpecPart {
  const legend = seriesNames.length > 1 ? { ...LINE_SYMBOLS, columns: columnsFor(seriesNames) } : null;
  const domain = [...seriesNames];
  return {
    color: { field: 'series', type: 'nominal', scale: { domain }, legend },
    strokeDash: {
      field: 'series',
      type: 'nominal',
      scale: { domain, range: domain.map((_, i) => DASHES[i % DASHES.length]) },
      legend,
    },
  };
}

/** All names in one row where they fit over a chart of the usual width, else columns for the longest, four at most. */
function columnsFor(names: readonly string[]): number {
  const widths = names.map((name) => 60 + 9 * name.length);
  if (widths.reduce((sum, width) => sum + width, 0) <= 640) return names.length;
  // Letters are narrower than that.
  return Math.max(1, Math.min(4, Math.floor(800 / Math.max(...widths))));
}
