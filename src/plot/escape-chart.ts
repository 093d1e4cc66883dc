import type { ChartOptions, VegaLiteSpec } from './chart.js';
import type { TrainingRun } from './records.js';
import { LOSS, SHARPNESS, trainingPanels } from './training-panels.js';

/**
 * Sharpness and loss of the variants of SGD that act only in, or only outside, the sharpest directions, all from
 * one checkpoint. A run is a variant, named e.g. `normal`, `onlyTop` or `removeTop`.
 *
 * @throws CurvatureArgumentError unless some record has a finite loss or sharpness
 */
export function escapeChart(runs: readonly TrainingRun[], options: ChartOptions = {}): VegaLiteSpec {
  const title = 'Escape from a sharp region, by variant of SGD';
  return trainingPanels('escapeChart', runs, [SHARPNESS, LOSS], options, title);
}
