import type { EscapeVariantChoice } from '../../src/analysis/escape.js';
import type { ModelWidths } from '../models/model-shape.js';

/** How long a path of SGD is followed, and how often λ₁ is measured on it. */
export interface PathPlan {
  /** Steps, at least. */
  readonly steps: number;
  /** η · steps, at least: with a smaller η it takes more steps to come as far. */
  readonly horizon: number;
  /** Measurements, spread evenly over the steps. */
  readonly measurements: number;
  /** Relative residual of e₁; λ₁ is better by about its square. */
  readonly tol: number;
}

/** Steps of a path with a learning rate η, and steps between its measurements. */
export function pathOf(
  { steps: least, horizon, measurements }: PathPlan,
  learningRate: number,
): { readonly steps: number; readonly measureEvery: number } {
  const steps = Math.max(least, Math.ceil(horizon / learningRate));
  return { steps, measureEvery: Math.ceil(steps / measurements) };
}

/** Two lines through the plane of noise: several η at one S, several S at one η. */
export interface SharpnessPlan {
  readonly learningRates: readonly number[];
  readonly batchSize: number;
  readonly batchSizes: readonly number[];
  readonly learningRate: number;
  readonly path: PathPlan;
}

/** Plain SGD up to the peak of sharpness, where the close-up analyses look. */
export interface PeakPlan {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly measureEvery: number;
}

/** Escape from the peak. */
export interface EscapePlan {
  readonly steps: number;
  /** Relative residual of the directions. */
  readonly tol: number;
  readonly variants: readonly EscapeVariantChoice[];
}

/** NSGD against SGD. */
export interface NsgdPlan {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** Steps between searches for directions and measurements. */
  readonly refreshEvery: number;
  readonly gammas: readonly number[];
  readonly k: number;
  /** K ablation, at `gammas[0]`. */
  readonly ks: readonly number[];
}

/** The full grid η × S. */
export interface GridPlan {
  readonly learningRates: readonly number[];
  readonly batchSizes: readonly number[];
  readonly path: PathPlan;
}

/** All there is to set of one size. */
export interface SizePlan {
  readonly data: 'mnist' | 'fashion-mnist' | 'cifar10';
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly seeds: number;
  readonly widths: ModelWidths;
  readonly hessianExamples: number;
  readonly lossExamples: number;
  readonly minibatches: number;
  readonly sharpness: SharpnessPlan;
  readonly peak: PeakPlan;
  readonly escape: EscapePlan;
  readonly nsgd: NsgdPlan;
  readonly grid: GridPlan;
}
