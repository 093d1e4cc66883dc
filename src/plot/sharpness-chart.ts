import type { Schema } from '../options.js';
import { byDefault, oneOf, readOptions } from '../options.js';
import type { ChartOptions, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf } from './chart.js';
import { distinctNames, finitePoints, linePanel, requireRuns } from './line-panel.js';
import type { TrainingRun } from './records.js';
import type { ReferenceLine } from './reference-line.js';
import { referenceLine } from './reference-line.js';
import type { Palette } from './theme.js';

// A threshold further up than this many times the highest value would press the curves flat: it is told, not drawn.
const FURTHEST = 2.5;

/** Settings of {@link sharpnessChart}. */
export interface SharpnessChartOptions extends ChartOptions {
  /**
   * `log` draws both axes logarithmically, from the first measurement after step 0 on: for runs whose lengths and
   * sharpness differ by orders. Default `linear`.
   */
  readonly axes?: 'linear' | 'log';
}

const schema = {
  ...chartSchema('Sharpness along training', 640, 340),
  axes: byDefault(oneOf('linear', 'log'), 'linear'),
} satisfies Schema<SharpnessChartOptions>;

/**
 * Sharpness λ₁ along training, one line per run, with the level 2/η of the learning rates given: above it, gradient
 * descent on a quadratic diverges along e₁. A level far above the curves is told in the subtitle instead.
 *
 * @param runs with names that differ: those of `noiseGrid`, or the records of monitors
 * @param options see {@link SharpnessChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError unless some record has a finite sharpness
 *
 * @example
 * const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 3 });
 * await model.fit(xs, ys, { epochs: 3, callbacks: monitor });
 * const svg = await toSvg(sharpnessChart([{ name: 'SGD', records: monitor.records, learningRate: 0.1 }]));
 */
export function sharpnessChart(
  runs: readonly TrainingRun[],
  options: SharpnessChartOptions = {},
): VegaLiteSpec {
  const where = 'sharpnessChart';
  const { axes, ...chart } = readOptions(options, schema, where);
  const frame = frameOf(chart);
  requireRuns(runs, where);
  const points = runs
    .flatMap(({ name, records }) => finitePoints(name, records, (r) => r.sharpness))
    .filter(({ step }) => axes === 'linear' || step > 0);
  requireRows(points, where, 'at least one record with a finite sharpness');

  const highest = points.reduce((most, { value }) => Math.max(most, value), -Infinity);
  const thresholds = thresholdsOf(runs, frame.palette);
  const drawn = thresholds.filter(({ value }) => value <= FURTHEST * highest);
  const told = thresholds.filter((threshold) => !drawn.includes(threshold)).map(({ label }) => label);
  const subtitle = [...frame.subtitle, ...(told.length > 0 ? [`above the scale: ${told.join(', ')}`] : [])];

  const { width, height, ...lines } = linePanel({
    points,
    seriesNames: distinctNames(
      runs.map(({ name }) => name),
      where,
    ),
    title: 'sharpness λ₁ (largest eigenvalue)',
    scale: axes,
    stepScale: axes,
    levels: drawn.map(({ value }) => value),
    width: frame.width,
    height: frame.height,
    stepTitle: true,
  });
  const layer = [lines, ...drawn.flatMap((threshold) => referenceLine(threshold, frame.width))];
  return specOf({ ...frame, subtitle }, { width, height, layer });
}

/** One level per learning rate, in the colour of its run where it is the level of that run alone. */
function thresholdsOf(runs: readonly TrainingRun[], { series, subtle }: Palette): ReferenceLine[] {
  const colors = new Map<number, string>();
  runs.forEach(({ learningRate }, i) => {
    if (learningRate === undefined || !(learningRate > 0)) return;
    const own = runs.length > 1 && !colors.has(learningRate);
    colors.set(learningRate, own ? series[i % series.length]! : subtle);
  });
  return [...colors].map(([learningRate, color]) => {
    const value = 2 / learningRate;
    return { value, label: `2/η = ${Number(value.toPrecision(3))}`, color };
  });
}
