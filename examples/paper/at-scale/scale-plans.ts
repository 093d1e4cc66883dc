import type { ScalePlan, TrainingRun } from './training-run.js';

/** The paper's own scale. */
export const paperPlan: ScalePlan = {
  train: 45_000,
  validation: 5_000,
  test: 10_000,
  lossExamples: 2_560,
  hessianExamples: 512,
  checkExamples: 2_250,
  directionExamples: 2_560,
  k: 5,
  widths: { filters: 1, hidden: 1 },
};

/** Full batches: few images, whose whole loss is the one that is minimised, and λ₁ that of its Hessian. */
const edgePlan: ScalePlan = {
  ...paperPlan,
  train: 2_000,
  validation: 2_000,
  test: 2_000,
  lossExamples: 2_000,
  hessianExamples: 2_000,
  checkExamples: 2_000,
  directionExamples: 512,
};

/** Fashion-MNIST as in the paper. */
const fashionPlan: ScalePlan = { ...paperPlan, train: 50_000, validation: 10_000 };

/** Texts: half an hour of a core a run. */
const textPlan: ScalePlan = {
  ...paperPlan,
  lossExamples: 1_000,
  hessianExamples: 256,
  checkExamples: 1_000,
  directionExamples: 512,
};

/** The sizes of a run. */
export function scalePlanOf({ finding, data }: TrainingRun): ScalePlan {
  if (finding === 'edge') return edgePlan;
  const known: Partial<Record<TrainingRun['data'], ScalePlan>> = {
    'fashion-mnist': fashionPlan,
    'spam-assassin': { ...textPlan, train: 4_000, validation: 1_000, test: 1_000 },
    'moby-dick': { ...textPlan, train: 10_000, validation: 2_000, test: 2_000 },
  };
  return known[data] ?? paperPlan;
}
