import type { ModelName, TextModelName } from '../../models/create-model.js';
import type { TextName } from '../prepared-text.js';
import type { DataName } from '../settings.js';

/**
 * Where the directions of NSGD come from: nowhere (SGD), once per epoch from a fixed sample of the training examples,
 * from the minibatches by the optimizer itself, or drawn at random once per epoch, the paper's control.
 */
export type DirectionSource = 'none' | 'sample' | 'optimizer' | 'random';

/** What the trainings are for: claims 5 and 1, and gradient descent at the edge of stability. */
export type TrainingFinding = 'nsgd' | 'sharpness' | 'edge';

/** One training at the paper's scale. */
export interface TrainingRun {
  /** The finding it belongs to. */
  readonly finding: TrainingFinding;
  /** The same for the runs that are to be compared at equal epochs, and go on side by side. */
  readonly group: string;
  readonly data: DataName | TextName;
  readonly model: ModelName | TextModelName;
  readonly seed: number;
  /** η */
  readonly learningRate: number;
  /** S */
  readonly batchSize: number;
  /** γ; 1 is SGD. */
  readonly gamma: number;
  readonly directions: DirectionSource;
  /** Length of the whole run. */
  readonly epochs: number;
  /** Epochs between two points of its record, a whole number. Left out: a half. */
  readonly measureEvery?: number;
  /** Of each step only the part in the span of the directions is taken. Left out: all of it. */
  readonly keeps?: 'top';
  /** Share of training examples classified rightly at which it ends before; 1 for never. */
  readonly untilAccuracy: number;
  /** How many of λ₁ ≥ λ₂ ≥ … are measured each half epoch. */
  readonly eigenvalues: number;
}

/** Sizes that all trainings share. */
export interface ScalePlan {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** The loss and the accuracy on training examples are those of so many, the first. */
  readonly lossExamples: number;
  /** The eigenvalues are those of the Hessian on so many, the first. */
  readonly hessianExamples: number;
  /** So many are taken at three points of a run, to check the sample above. */
  readonly checkExamples: number;
  /** Directions are found on so many, the first. */
  readonly directionExamples: number;
  /** K */
  readonly k: number;
  /** Shares of the widths of the model. */
  readonly widths: { readonly filters: number; readonly hidden: number };
}

/** What a run is called, in words. */
export function nameOf(run: TrainingRun): string {
  return `${choiceOf(run)}, seed ${run.seed}`;
}

/** What is varied, in words: the same for all seeds. */
export function choiceOf(run: TrainingRun): string {
  const { finding, gamma, directions } = run;
  if (finding === 'edge') return descentOf(run);
  const how: Record<DirectionSource, string> = {
    none: finding === 'nsgd' ? 'γ = 1 (SGD)' : noiseOf(run),
    sample: `γ = ${gamma}`,
    optimizer: `γ = ${gamma}, directions of the optimizer`,
    random: `γ = ${gamma}, random directions`,
  };
  return how[directions];
}

/** Gradient descent, all of it or in a subspace, in words. */
function descentOf({ learningRate, directions, keeps }: TrainingRun): string {
  if (directions === 'none') return `η = ${learningRate}`;
  return `η = ${learningRate}, ${keeps === 'top' ? 'sharpest directions alone' : 'without the sharpest directions'}`;
}

/** Learning rate and batch size, in words. */
export function noiseOf({ learningRate, batchSize }: TrainingRun): string {
  return `η = ${learningRate}, S = ${batchSize}`;
}

/** What the files of a run are called. */
export function idOf(run: TrainingRun): string {
  const { finding, data, model, learningRate, batchSize, gamma, directions, keeps, seed } = run;
  const nudged = keeps == null ? `gamma-${gamma}-${directions}` : `${keeps}-${directions}`;
  const nudge = directions === 'none' ? 'sgd' : nudged;
  return `${finding}-${data}-${model}-eta-${learningRate}-s-${batchSize}-${nudge}-seed-${seed}`;
}

/** Steps of an epoch: what is too few for a minibatch at its end is left out. */
export function stepsPerEpoch({ train }: ScalePlan, { batchSize }: TrainingRun): number {
  return Math.floor(train / batchSize);
}
