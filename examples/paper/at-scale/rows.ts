import type { CloseUpFinding } from './close-up.js';
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

/**
 * Gradient descent on all of few images at once: λ₁ against 2/η, and what learns, the sharpest directions or the rest
 * (Cohen et al. 2021; Song, Ahn and Yun 2024). An epoch is a step.
 */
const descents: readonly TrainingRun[] = [
  { learningRate: 0.05, epochs: 400, measureEvery: 10 },
  { learningRate: 0.02, epochs: 400, measureEvery: 10 },
  { learningRate: 0.05, epochs: 200, measureEvery: 5, gamma: 0, directions: 'sample' as const },
  { learningRate: 0.05, epochs: 200, measureEvery: 5, directions: 'sample' as const, keeps: 'top' as const },
].map((descent) => ({
  finding: 'edge',
  ...shared,
  batchSize: 2_000,
  ...descent,
  group: `η = ${descent.learningRate}, ${descent.epochs} steps`,
  seed: 0,
}));

/** Claims 5 and 1 on texts, in place of the paper's: SGD, NSGD, and SGD with a fifth of η. */
const texts: readonly TrainingRun[] = (
  [
    { data: 'spam-assassin', model: 'text-cnn', learningRate: 0.1, epochs: 8 },
    { data: 'moby-dick', model: 'word-lstm', learningRate: 1, epochs: 8 },
  ] as const
).flatMap((text) => [
  { ...nudged(text.data, 0, 1, 'none'), ...text },
  { ...nudged(text.data, 0, 0.01, 'sample'), ...text },
  {
    ...paths[0]!,
    ...text,
    learningRate: text.learningRate / 5,
    group: `${text.data}, η = ${text.learningRate / 5}`,
    untilAccuracy: 1,
    eigenvalues: 1,
  },
]);

/** Claims 5 and 1 on other data: one seed. */
const fashion: readonly TrainingRun[] = [
  { ...nudged('Fashion-MNIST', 0, 1, 'none'), data: 'fashion-mnist' },
  { ...nudged('Fashion-MNIST', 0, 0.01, 'sample'), data: 'fashion-mnist' },
  { ...paths[0]!, data: 'fashion-mnist', group: 'Fashion-MNIST, η = 0.1', eigenvalues: 1 },
];

/** Claim 5 with another net. */
const resnets: readonly TrainingRun[] = [1, 0.01].map((gamma) => ({
  ...nudged('ResNet-32', 0, gamma, gamma === 1 ? 'none' : 'sample'),
  model: 'resnet-32',
}));

/** SGD of claim 5. */
export const closeUpPaths: readonly TrainingRun[] = nudges.filter(({ directions }) => directions === 'none');

/** What one command of the size `paper` does: trainings, or close-ups along paths. */
type ScaleRow =
  | { readonly name: string; readonly runs: readonly TrainingRun[] }
  | { readonly name: CloseUpFinding; readonly paths: readonly TrainingRun[] };

/** The commands of the size `paper`, in the order they are done in, each with its trainings those first that are to be first. */
export const scaleRows = [
  { name: 'nsgd', runs: nudges },
  { name: 'sharpness', runs: paths },
  { name: 'decompose', paths: closeUpPaths },
  { name: 'edge', runs: descents },
  { name: 'escape', paths: closeUpPaths },
  { name: 'text', runs: texts },
  { name: 'fashion-mnist', runs: fashion },
  { name: 'resnet-32', runs: resnets },
] as const satisfies readonly ScaleRow[];

export type ScaleRowName = (typeof scaleRows)[number]['name'];

/** The names of the rows. */
export const scaleRowNames: readonly ScaleRowName[] = scaleRows.map(({ name }) => name);

/** Whether a row is of trainings, which also workers of a queue can do. */
export function isOfTrainings(name: ScaleRowName): boolean {
  return runsOf(name).length > 0;
}

/** The trainings of a row. */
export function runsOf(name: ScaleRowName): readonly TrainingRun[] {
  return scaleRows.flatMap((row) => (row.name === name && 'runs' in row ? row.runs : []));
}

/** All trainings, in the order they are done in. */
export const allRuns: readonly TrainingRun[] = scaleRowNames.flatMap(runsOf);
