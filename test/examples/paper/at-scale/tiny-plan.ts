import type { ScalePlan, TrainingRun } from '../../../../examples/paper/at-scale/training-run.js';

/** Four steps an epoch of 16 examples each. */
export const tinyPlan: ScalePlan = {
  train: 64,
  validation: 16,
  test: 16,
  lossExamples: 32,
  hessianExamples: 16,
  checkExamples: 32,
  directionExamples: 32,
  k: 2,
  widths: { filters: 1 / 16, hidden: 1 / 16 },
};

/** SGD. */
export const tinyRun: TrainingRun = {
  finding: 'nsgd',
  group: 'one',
  data: 'mnist',
  model: 'simple-cnn',
  seed: 1,
  learningRate: 0.05,
  batchSize: 16,
  gamma: 1,
  directions: 'none',
  epochs: 2,
  untilAccuracy: 1,
  eigenvalues: 1,
};
