import type { ChartOptions, VegaLiteSpec } from './chart.js';
import type { TrainingRun } from './records.js';
import { ACCURACY, LOSS, SHARPNESS, trainingPanels } from './training-panels.js';

/**
 * Loss, sharpness and accuracy of several runs against their steps, e.g. of NSGD beside SGD; what no run has
 * measured is left out.
 *
 * @param runs with names that differ: those of `noiseGrid`, or the records of monitors
 * @param options see {@link ChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError unless some record has a finite loss, sharpness or accuracy
 *
 * @example
 * const target = { model, data: { xs, ys } };
 * const { runs } = await noiseGrid(target, { learningRates: [0.1, 0.01], batchSizes: [8], steps: 6 });
 * const svg = await toSvg(learningCurvesChart(runs));
 */
export function learningCurvesChart(runs: readonly TrainingRun[], options: ChartOptions = {}): VegaLiteSpec {
  return trainingPanels('learningCurvesChart', runs, [LOSS, SHARPNESS, ACCURACY], options, 'Learning curves');
}
