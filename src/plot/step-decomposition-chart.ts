import { readOptions } from '../options.js';
import type { ChartOptions, SpecPart, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf, withOmissions } from './chart.js';
import type { StepDecompositionRecord } from './records.js';
import type { Fields } from './require-records.js';
import { isDrawable, requireRecords } from './require-records.js';

// Short labels fit side by side: .25 for 0.25, and no two signs.
const ALPHA_AXIS = { labelAngle: 0, labelExpr: "replace(datum.label, '0.', '.')", labelFontSize: 10 };
const SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+,')";

const stepFields: Fields<StepDecompositionRecord> = {
  direction: 'text',
  alpha: 'number',
  lossChange: 'number',
  standardDeviation: 'number?',
};

/**
 * What steps of several lengths along each direction do to the loss: a panel per direction, a bar per length, its
 * colour telling better from worse.
 *
 * @param records those of `stepDecomposition`
 * @param options see {@link ChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError unless some record has a finite change of the loss
 *
 * @example
 * const target = { model, data: { xs, ys } };
 * const { records } = await stepDecomposition(target, { learningRate: 0.1, k: 2, minibatches: 3 });
 * const svg = await toSvg(stepDecompositionChart(records));
 */
export function stepDecompositionChart(
  records: readonly StepDecompositionRecord[],
  options: ChartOptions = {},
): VegaLiteSpec {
  const where = 'stepDecompositionChart';
  const title = 'What a step along each direction does to the loss';
  const frame = frameOf(readOptions(options, chartSchema(title, 132, 300), where));
  requireRecords(records, stepFields, where);
  const rows = records.filter(({ alpha, lossChange }) => isDrawable(alpha) && isDrawable(lossChange));
  requireRows(rows, where, 'at least one record with a finite change of the loss');

  const values = rows.map(({ direction, alpha, lossChange, standardDeviation = 0 }) => ({
    direction,
    alpha,
    lossChange,
    low: lossChange - standardDeviation,
    high: lossChange + standardDeviation,
    outcome: lossChange > 0 ? 'raises the loss' : 'lowers the loss',
  }));
  const x = { field: 'alpha', type: 'ordinal', title: 'step length α', axis: ALPHA_AXIS };
  // Around ±1 % the axis is linear, beyond it logarithmic: a step of α = 4 can do a hundred times what 1 does.
  const scale = { type: 'symlog', constant: 1 };
  const y = {
    field: 'lossChange',
    type: 'quantitative',
    title: 'change of the loss (%)',
    scale,
    axis: { labelExpr: SIGNED, values: ticksFor(values.flatMap(({ low, high }) => [low, high])) },
  };
  const layer: SpecPart[] = [
    {
      mark: { type: 'bar', width: { band: 0.8 } },
      encoding: {
        x,
        y,
        color: {
          field: 'outcome',
          type: 'nominal',
          scale: {
            domain: ['lowers the loss', 'raises the loss'],
            range: [frame.palette.better, frame.palette.worse],
          },
          legend: {},
        },
      },
    },
    { mark: { type: 'rule', color: frame.palette.subtle }, encoding: { y: { datum: 0 } } },
  ];
  if (rows.some(({ standardDeviation }) => standardDeviation !== undefined)) {
    layer.push({
      mark: { type: 'rule', color: frame.palette.text, strokeWidth: 1.2 },
      encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
    });
  }
  const order = [...new Set(rows.map(({ direction }) => direction))];
  return specOf(withOmissions(frame, records.length - rows.length), {
    data: { values },
    facet: { column: { field: 'direction', type: 'nominal', sort: order, title: null } },
    spacing: 14,
    spec: { width: frame.width, height: frame.height, layer },
  });
}

/** Powers of ten within the reach of the values, three at most on a side, and 0. */
function ticksFor(values: readonly number[]): number[] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const top = Math.floor(Math.log10(Math.max(-low, high, Number.MIN_VALUE)));
  const powers = [top - 2, top - 1, top].filter((e) => e >= 0 || top < 0).map((e) => Number(`1e${e}`));
  const ticks = [...powers.map((power) => -power).reverse(), 0, ...powers];
  return ticks.filter((tick) => tick >= low && tick <= high);
}
