import type { ChartOptions, VegaLiteSpec } from './chart.js';
import type { TrainingRun } from './records.js';
import { ACCURACY, LOSS, SHARPNESS, trainingPanels } from './training-panels.js';

/**
 * Loss, sharpness and accuracy of several runs against their steps, e.g. of NSGD beside SGD; what no run has
 * measured is left out.
 *
 * @throws CurvatureArgumentError unless some record has a finite loss, sharpness or accuracy
 */
export function learningCurvesChart(runs: readonly TrainingRun[], options: ChartOptions = {}): VegaLiteSpec {
  return trainingPanels('learningCurvesChart', runs, [LOSS, SHARPNESS, ACCURACY], options, 'Learning curves');
}
