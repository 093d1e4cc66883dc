import type { FindingName } from '../settings.js';
import type { DirectionSource, TrainingRun } from './training-run.js';

/** Epochs of a run, unless said; the paper's own are longer. */
const epochs = 15;

const shared = {
  data: 'cifar10',
  model: 'simple-cnn',
  batchSize: 128,
  gamma: 1,
  directions: 'none',
  epochs,
  untilAccuracy: 1,
  eigenvalues: 1,
} as const;

function nudged(group: string, seed: number, gamma: number, directions: DirectionSource): TrainingRun {
  return { finding: 'nsgd', ...shared, group, seed, learningRate: 0.01, gamma, directions };
}

/** Claim 5: NSGD beside SGD. */
const nudges: readonly TrainingRun[] = [
  ...[0, 1].flatMap((seed) => [
    nudged(`seed ${seed}`, seed, 1, 'none'),
    nudged(`seed ${seed}`, seed, 0.01, 'sample'),
    nudged(`seed ${seed}, directions of the optimizer`, seed, 0.01, 'optimizer'),
  ]),
  nudged('other γ', 0, 0.1, 'sample'),
  nudged('other γ', 0, 5, 'sample'),
  nudged('control', 0, 0.01, 'random'),
];

/** Claim 1: sharpness along the whole path. */
const paths: readonly TrainingRun[] = [
  ...[0.1, 0.01].map((learningRate) => ({ learningRate, batchSize: 128, epochs })),
  ...[32, 1024].map((batchSize) => ({ learningRate: 0.05, batchSize, epochs })),
  { learningRate: 0.001, batchSize: 128, epochs: 10 },
].map((path) => ({
  finding: 'sharpness',
  ...shared,
  ...path,
  group: `η = ${path.learningRate}, S = ${path.batchSize}`,
  seed: 0,
  untilAccuracy: 0.95,
  eigenvalues: 5,
}));

/** The trainings of each finding, those first that are to be done first. */
export const rows: Readonly<Partial<Record<FindingName, readonly TrainingRun[]>>> = {
  nsgd: nudges,
  sharpness: paths,
};

/** The findings that have trainings, in the order they are done in. */
export const trainingFindings = ['nsgd', 'sharpness'] as const satisfies readonly FindingName[];

/** All trainings, in the order they are done in. */
export const allRuns: readonly TrainingRun[] = trainingFindings.flatMap((finding) => rows[finding] ?? []);

/** Claims 2 and 3: the paths that are looked at closer, SGD of claim 5. */
export const closeUpPaths: readonly TrainingRun[] = nudges.filter(({ directions }) => directions === 'none');
