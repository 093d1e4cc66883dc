import type { ChartOptions, VegaLiteSpec } from './chart.js';
import type { TrainingRun } from './records.js';
import { LOSS, SHARPNESS, trainingPanels } from './training-panels.js';

/**
 * Sharpness and loss of the variants of SGD that act only in, or only outside, the sharpest directions, all from
 * one checkpoint. A run is a variant, named e.g. `normal`, `onlyTop` or `removeTop`.
 *
 * @param runs those of `escapeAblation`
 * @param options see {@link ChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError unless some record has a finite loss or sharpness
 *
 * @example
 * const { runs } = await escapeAblation({ model, data: { xs, ys } }, { learningRate: 0.1, k: 2, steps: 4 });
 * const svg = await toSvg(escapeChart(runs));
 */
export function escapeChart(runs: readonly TrainingRun[], options: ChartOptions = {}): VegaLiteSpec {
  const title = 'Escape from a sharp region, by variant of SGD';
  return trainingPanels('escapeChart', runs, [SHARPNESS, LOSS], options, title);
}
