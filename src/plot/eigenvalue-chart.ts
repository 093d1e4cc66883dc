import { readOptions } from '../options.js';
import type { ChartOptions, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf } from './chart.js';
import { LINE_SYMBOLS } from './line-panel.js';
import { isDrawable, requireRecords } from './require-records.js';
import { subscript } from './subscript.js';
import type { TrainingRecord } from './records.js';

/**
 * The traces of the largest eigenvalues λ₁, λ₂, … along one training run.
 *
 * @param records those of a monitor or of a run
 * @param options see {@link ChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError unless some record has a finite eigenvalue
 *
 * @example
 * const monitor = curvatureMonitor(modelObjective(model, { xs, ys }), { k: 3 });
 * await model.fit(xs, ys, { epochs: 3, callbacks: monitor });
 * const svg = await toSvg(eigenvalueChart(monitor.records));
 */
export function eigenvalueChart(
  records: readonly Pick<TrainingRecord, 'step' | 'eigenvalues'>[],
  options: ChartOptions = {},
): VegaLiteSpec {
  const where = 'eigenvalueChart';
  const title = 'Largest Hessian eigenvalues along training';
  const frame = frameOf(readOptions(options, chartSchema(title, 640, 340), where));
  requireRecords(records, { step: 'number', eigenvalues: 'numbers?' }, where);
  const values = records.flatMap(({ step, eigenvalues }) =>
    Array.from(eigenvalues ?? [], (value, i) => ({
      step,
      value,
      index: i + 1,
      name: `λ${subscript(i + 1)}`,
    })),
  );
  const finite = values.filter(({ step, value }) => isDrawable(step) && isDrawable(value));
  requireRows(finite, where, 'at least one record with a finite eigenvalue');

  const count = finite.reduce((most, { index }) => Math.max(most, index), 0);
  const domain = Array.from({ length: count }, (_, i) => `λ${subscript(i + 1)}`);
  return specOf(frame, {
    width: frame.width,
    height: frame.height,
    data: { values: finite },
    mark: { type: 'line', point: finite.length <= 160 && { size: 28 } },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'optimizer step' },
      y: { field: 'value', type: 'quantitative', title: 'eigenvalue λ of the Hessian' },
      color: {
        field: 'name',
        type: 'ordinal',
        scale: { domain },
        legend: { ...LINE_SYMBOLS, columns: 10 },
      },
    },
  });
}
