import type { Schema } from '../options.js';
import { number, readOptions } from '../options.js';
import type { ChartOptions, SpecPart, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf } from './chart.js';
import { logAxis } from './log-axis.js';
import type { AlignmentRecord } from './records.js';
import { referenceLine } from './reference-line.js';
import type { Fields } from './require-records.js';
import { isDrawable, LARGEST_DRAWABLE, requireRecords } from './require-records.js';

/** What the chart of alignments can be told besides. */
export interface AlignmentChartOptions extends ChartOptions {
  /** Mean |cos| of the same gradients with random directions; about √(2/(π n)) for n parameters. */
  readonly randomBaseline?: number;
}

const schema = {
  ...chartSchema('Alignment of gradients with the sharpest directions', 480, 320),
  randomBaseline: number({ above: 0, to: LARGEST_DRAWABLE }),
} satisfies Schema<AlignmentChartOptions>;

const alignmentFields: Fields<AlignmentRecord> = {
  direction: 'text',
  gradient: 'text?',
  meanAbsCosine: 'number',
  standardDeviation: 'number?',
};

/**
 * How far gradients point along each of the sharpest directions, against what a random direction gets, on a
 * logarithmic axis: the distance between the two is a factor.
 *
 * @param records those of `gradientAlignment`
 * @param options see {@link AlignmentChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError unless some record has a positive cosine, or for a baseline that is not positive
 *
 * @example
 * const { records, randomBaseline } = await gradientAlignment({ model, data: { xs, ys } }, { k: 2, minibatches: 5 });
 * const svg = await toSvg(alignmentChart(records, { randomBaseline }));
 */
export function alignmentChart(
  records: readonly AlignmentRecord[],
  options: AlignmentChartOptions = {},
): VegaLiteSpec {
  const where = 'alignmentChart';
  const settings = readOptions(options, schema, where);
  const frame = frameOf(settings);
  const { randomBaseline } = settings;
  requireRecords(records, alignmentFields, where);
  const rows = records.filter(({ meanAbsCosine }) => meanAbsCosine > 0 && isDrawable(meanAbsCosine));
  requireRows(rows, where, 'at least one record with a positive mean |cos|');

  const lowest = Math.min(randomBaseline ?? 1, ...rows.map(({ meanAbsCosine }) => meanAbsCosine));
  const floor = 10 ** Math.floor(Math.log10(lowest / 1.2));
  const values = rows.map(({ direction, gradient = 'gradient', meanAbsCosine, standardDeviation = 0 }) => ({
    direction,
    gradient,
    meanAbsCosine,
    // A logarithmic axis has no room for zero: a spread that reaches it ends at the foot of the axis.
    low: Math.max(meanAbsCosine - standardDeviation, floor),
    high: Math.min(meanAbsCosine + standardDeviation, 1),
  }));
  const gradients = [...new Set(values.map(({ gradient }) => gradient))];
  const directions = [...new Set(values.map(({ direction }) => direction))];
  const y = {
    field: 'meanAbsCosine',
    type: 'quantitative',
    title: 'mean |cos(gradient, direction)|',
    ...logAxis(floor, 1),
  };
  const shared = {
    x: {
      field: 'direction',
      type: 'nominal',
      sort: directions,
      title: null,
      axis: { labelAngle: 0, labelFontSize: 13 },
    },
    xOffset: { field: 'gradient', sort: gradients },
    color: {
      field: 'gradient',
      type: 'nominal',
      scale: { domain: gradients },
      legend: gradients.length > 1 ? {} : null,
    },
  };
  const layer: SpecPart[] = [
    {
      data: { values },
      mark: { type: 'rule', strokeWidth: 2 },
      encoding: { ...shared, y: { ...y, field: 'low' }, y2: { field: 'high' } },
    },
    {
      data: { values },
      mark: { type: 'point', filled: true, size: 110, opacity: 1 },
      encoding: {
        ...shared,
        y,
        shape: {
          field: 'gradient',
          type: 'nominal',
          scale: { domain: gradients },
          legend: shared.color.legend,
        },
      },
    },
  ];
  if (randomBaseline !== undefined) {
    const baseline = { value: randomBaseline, label: 'random direction', color: frame.palette.subtle };
    layer.push(...referenceLine(baseline, frame.width));
  }
  return specOf(frame, { width: frame.width, height: frame.height, layer });
}
