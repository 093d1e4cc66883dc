import type { EscapeVariantChoice } from '../../src/analysis/escape.js';
import { escapeVariants } from '../../src/analysis/escape-variant.js';
import { fullWidths } from '../models/model-shape.js';
import type { DataName } from './settings.js';
import type { SizePlan } from './size-plan.js';

export const sizeNames = ['tiny', 'small', 'full'] as const;

export type SizeName = (typeof sizeNames)[number];

/** The paper's lines through the plane of noise. */
const noise = {
  learningRates: [0.1, 0.01, 0.001],
  batchSize: 128,
  batchSizes: [8, 128, 1024],
  learningRate: 0.05,
} as const;

/** The paper's NSGD; γ = 1 is SGD. */
const nudge = { learningRate: 0.01, gammas: [0.01, 0.1, 1, 5], k: 5 } as const;

/** M of the close-up analyses. */
const minibatches = 10;

const withoutFactor: readonly EscapeVariantChoice[] = [
  { variant: 'normal' },
  { variant: 'onlyTop' },
  { variant: 'constantTop' },
  { variant: 'removeTop' },
];

const withEveryFactor: readonly EscapeVariantChoice[] = [
  ...([4, 2, 0.5, 0.25] as const).flatMap((factor) => [
    { variant: 'topScaled' as const, factor },
    { variant: 'bottomScaled' as const, factor },
    { variant: 'allTopScaled' as const, factor },
  ]),
  { variant: 'allDrop', factor: 0.5 },
  { variant: 'allDrop', factor: 0.25 },
  { variant: 'constantOvershoot' },
];

const tiny: SizePlan = {
  data: 'mnist',
  train: 512,
  validation: 256,
  test: 256,
  seeds: 1,
  widths: { filters: 1 / 8, hidden: 1 / 8 },
  hessianExamples: 128,
  lossExamples: 512,
  minibatches,
  sharpness: {
    learningRates: [0.2, 0.1, 0.03],
    batchSize: 64,
    batchSizes: [8, 256],
    learningRate: 0.1,
    path: { steps: 64, horizon: 4, measurements: 16, tol: 1e-2 },
  },
  peak: { learningRate: 0.1, batchSize: 64, steps: 128, measureEvery: 8 },
  escape: { steps: 12, tol: 1e-2, variants: withoutFactor },
  nsgd: { ...nudge, learningRate: 0.02, batchSize: 64, epochs: 20, refreshEvery: 32, ks: [1, 3, 5, 10] },
  grid: {
    learningRates: [0.1, 0.03],
    batchSizes: [8, 64],
    path: { steps: 64, horizon: 4, measurements: 8, tol: 1e-2 },
  },
};

const small: SizePlan = {
  data: 'fashion-mnist',
  train: 4096,
  validation: 1024,
  test: 1024,
  seeds: 3,
  widths: { filters: 1 / 8, hidden: 1 / 4 },
  hessianExamples: 205,
  lossExamples: 1024,
  minibatches,
  sharpness: { ...noise, path: { steps: 240, horizon: 4, measurements: 32, tol: 5e-2 } },
  peak: { learningRate: 0.05, batchSize: 128, steps: 240, measureEvery: 4 },
  escape: { steps: 32, tol: 3e-2, variants: escapeVariants.map((variant) => ({ variant })) },
  nsgd: { ...nudge, batchSize: 128, epochs: 12, refreshEvery: 32, ks: [1, 3, 5, 10, 20] },
  grid: {
    learningRates: [0.1, 0.03, 0.01],
    batchSizes: [8, 32, 128],
    path: { steps: 160, horizon: 3, measurements: 10, tol: 5e-2 },
  },
};

/** CIFAR-10 costs more and is learned more slowly: fewer measurements, fewer K and a coarser grid, and NSGD for longer. */
const smallCifar10: SizePlan = {
  ...small,
  data: 'cifar10',
  sharpness: { ...noise, path: { ...small.sharpness.path, measurements: 24 } },
  escape: { ...small.escape, steps: 20 },
  nsgd: { ...small.nsgd, epochs: 20, refreshEvery: 64, ks: [1, 5, 20] },
  grid: {
    learningRates: [0.1, 0.01],
    batchSizes: [8, 128],
    path: { ...small.grid.path, measurements: 8 },
  },
};

const full: SizePlan = {
  data: 'cifar10',
  train: 45000,
  validation: 5000,
  test: 10000,
  seeds: 3,
  widths: fullWidths,
  hessianExamples: 2250,
  lossExamples: 2560,
  minibatches,
  sharpness: { ...noise, path: { steps: 20000, horizon: 20, measurements: 57, tol: 1e-2 } },
  peak: { learningRate: 0.05, batchSize: 128, steps: 4000, measureEvery: 16 },
  escape: { steps: 1000, tol: 1e-2, variants: [...withoutFactor, ...withEveryFactor] },
  nsgd: { ...nudge, batchSize: 128, epochs: 100, refreshEvery: 351, ks: [1, 3, 5, 10, 20, 50] },
  grid: {
    learningRates: noise.learningRates,
    batchSizes: noise.batchSizes,
    path: { steps: 20000, horizon: 20, measurements: 57, tol: 1e-2 },
  },
};

/**
 * `tiny` shows the machinery in under 3 minutes on two cores, `small` the paper's findings in under 40, `full` is the
 * paper's own scale.
 */
export const sizes: Readonly<Record<SizeName, SizePlan>> = { tiny, small, full };

/** The plan of a size, which at `small` depends on the data. */
export function planOf(size: SizeName, data: DataName): SizePlan {
  return size === 'small' && data === 'cifar10' ? smallCifar10 : sizes[size];
}
