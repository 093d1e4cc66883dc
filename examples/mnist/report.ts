import type { CurvatureRecord } from 'tfjs-curvature';

/** What `model.fit` logs at the end of an epoch, with what the monitor adds. */
export interface EpochLogs {
  readonly loss: number;
  readonly acc: number;
  readonly val_acc: number;
}

/** How a run has ended. */
export interface Outcome {
  readonly name: string;
  readonly loss: number;
  readonly validation: number;
  readonly sharpness: number;
}

/** What is about to be done. */
export interface Plan {
  readonly weights: number;
  readonly images: number;
  readonly sampleImages: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
}

/** What is trained, for how long, and how to read the table. */
export function introduction(plan: Plan): string {
  const { weights, images, sampleImages, epochs, stepsPerEpoch, learningRate } = plan;
  return [
    `Trains the SimpleCNN of the NSGD paper (${weights} weights) on ${images} images of MNIST, twice:`,
    'with NSGD and with SGD, from the same weights on the same batches. Each run has',
    `${epochs} epochs of ${stepsPerEpoch} steps with learning rate η = ${learningRate}. Both together take about a minute on an`,
    'idle machine.',
    '',
    `λ₁ … λ₅ are the largest eigenvalues of the Hessian of the loss on ${sampleImages} of the images. They say how`,
    'fast the loss curves along its sharpest directions; λ₁ is the sharpness. A step of SGD overshoots',
    `along a direction whose λ is above 2/η = ${(2 / learningRate).toFixed(1)}. "error" is the largest residual ‖Hv − λv‖`,
    'of the five, "share" the part of the gradient that lies along their directions.',
  ].join('\n');
}

const columns = ['epoch', 'loss', 'accuracy', 'validation', 'λ₁ … λ₅', 'error', 'share'] as const;
const widths = [5, 7, 8, 10, 34, 7, 7];

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => cell.padStart(widths[i]!)).join('  ');

/** The heading of a table with a row per epoch. */
export const heading: string = row(columns);

/** One row: training loss and accuracy, validation accuracy, the sharpest eigenvalues, share of the gradient. */
export function epochRow(epoch: number, logs: EpochLogs, curvature: CurvatureRecord): string {
  const { eigenvalues = [], residuals = [], topShare } = curvature;
  return row([
    String(epoch + 1),
    logs.loss.toFixed(4),
    percent(logs.acc),
    percent(logs.val_acc),
    eigenvalues.map((value) => (value ?? NaN).toFixed(1).padStart(6)).join(' '),
    Math.max(...residuals.map((value) => value ?? NaN)).toFixed(3),
    topShare == null ? '' : percent(topShare),
  ]);
}

/** Who won, by the training loss, and what became of the sharpness. */
export function verdict(outcomes: readonly [Outcome, Outcome]): string {
  const [winner, other] = outcomes[0].loss <= outcomes[1].loss ? outcomes : [outcomes[1], outcomes[0]];
  const sharper = winner.sharpness > other.sharpness ? 'sharper' : 'flatter';
  return [
    `${winner.name} has the lower training loss: ${winner.loss.toFixed(4)}, ${other.name} ${other.loss.toFixed(4)}.`,
    `On images that it has not seen it is right in ${percent(winner.validation)}, ${other.name} in ${percent(other.validation)}.`,
    `It ended in a ${sharper} place: λ₁ = ${winner.sharpness.toFixed(1)}, ${other.name} ${other.sharpness.toFixed(1)}.`,
  ].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
