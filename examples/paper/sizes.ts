import type { ModelWidths } from '../models/create-model.js';

/** Two lines through the plane of noise: several η at one S, several S at one η. */
export interface SharpnessPlan {
  readonly learningRates: readonly number[];
  readonly batchSize: number;
  readonly batchSizes: readonly number[];
  readonly learningRate: number;
  readonly steps: number;
  readonly measureEvery: number;
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
  readonly refreshEvery: number;
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
  readonly steps: number;
  readonly measureEvery: number;
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

export const sizeNames = ['tiny', 'small', 'full'] as const;

export type SizeName = (typeof sizeNames)[number];

const tiny: SizePlan = {
  data: 'mnist',
  train: 512,
  validation: 256,
  test: 256,
  seeds: 1,
  widths: { simpleCnn: { filters: 4, kernelSize: 3, hidden: 16 }, mlp: [32, 32] },
  hessianExamples: 128,
  lossExamples: 512,
  minibatches: 10,
  sharpness: {
    learningRates: [0.2, 0.1, 0.03],
    batchSize: 64,
    batchSizes: [8, 256],
    learningRate: 0.1,
    steps: 128,
    measureEvery: 16,
  },
  peak: { learningRate: 0.1, batchSize: 64, steps: 128, measureEvery: 8 },
  escape: { steps: 12, refreshEvery: 1 },
  nsgd: {
    learningRate: 0.02,
    batchSize: 64,
    epochs: 20,
    refreshEvery: 32,
    gammas: [0.01, 0.1, 1, 5],
    k: 5,
    ks: [1, 3, 5, 10],
  },
  grid: { learningRates: [0.1, 0.03], batchSizes: [8, 64], steps: 64, measureEvery: 16 },
};

const small: SizePlan = {
  data: 'fashion-mnist',
  train: 2048,
  validation: 1024,
  test: 1024,
  seeds: 3,
  widths: { simpleCnn: { filters: 4, kernelSize: 3, hidden: 32 }, mlp: [128, 64] },
  hessianExamples: 128,
  lossExamples: 512,
  minibatches: 10,
  sharpness: {
    learningRates: [0.1, 0.03, 0.01],
    batchSize: 128,
    batchSizes: [8, 64, 256],
    learningRate: 0.05,
    steps: 240,
    measureEvery: 16,
  },
  peak: { learningRate: 0.1, batchSize: 128, steps: 240, measureEvery: 16 },
  escape: { steps: 24, refreshEvery: 1 },
  nsgd: {
    learningRate: 0.01,
    batchSize: 128,
    epochs: 15,
    refreshEvery: 24,
    gammas: [0.01, 0.1, 1, 5],
    k: 5,
    ks: [1, 3, 5, 10, 20],
  },
  grid: { learningRates: [0.1, 0.03, 0.01], batchSizes: [8, 32, 128], steps: 160, measureEvery: 20 },
};

const full: SizePlan = {
  data: 'cifar10',
  train: 45000,
  validation: 5000,
  test: 10000,
  seeds: 3,
  widths: {},
  hessianExamples: 2250,
  lossExamples: 2560,
  minibatches: 10,
  sharpness: {
    learningRates: [0.1, 0.01, 0.001],
    batchSize: 128,
    batchSizes: [8, 128, 1024],
    learningRate: 0.05,
    steps: 20000,
    measureEvery: 351,
  },
  peak: { learningRate: 0.05, batchSize: 128, steps: 4000, measureEvery: 16 },
  escape: { steps: 1000, refreshEvery: 1 },
  nsgd: {
    learningRate: 0.01,
    batchSize: 128,
    epochs: 100,
    refreshEvery: 351,
    gammas: [0.01, 0.1, 1, 5],
    k: 5,
    ks: [1, 3, 5, 10, 20, 50],
  },
  grid: { learningRates: [0.1, 0.01, 0.001], batchSizes: [8, 128, 1024], steps: 20000, measureEvery: 351 },
};

/**
 * `tiny` shows the machinery in under 3 minutes on two cores, `small` the paper's findings in under 40, `full` is the
 * paper's own scale. `small` goes to η = 0.01 and S = 256, where the paper goes to 0.001 and 1024: in some hundred
 * steps the smaller η would not reach its peak.
 */
export const sizes: Readonly<Record<SizeName, SizePlan>> = { tiny, small, full };
