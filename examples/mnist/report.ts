import type { CurvatureRecord } from 'tfjs-curvature';

/** What `model.fit` logs at the end of an epoch, with what the monitor adds. */
export interface EpochLogs {
  readonly loss: number;
  readonly acc: number;
  readonly val_acc: number;
}

const columns = [
  'epoch',
  'loss',
  'accuracy',
  'validation',
  'λ₁ … λ₅ ± residual',
  'gradient in their span',
] as const;
const widths = [5, 7, 8, 10, 62, 22];

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => cell.padStart(widths[i]!)).join('  ');

/** The heading of a table with a row per epoch. */
export const heading: string = row(columns);

/** One row: training loss and accuracy, validation accuracy, the sharpest eigenvalues, share of the gradient. */
export function epochRow(epoch: number, logs: EpochLogs, curvature: CurvatureRecord): string {
  const { eigenvalues = [], residuals = [], topShare } = curvature;
  const pairs = eigenvalues.map((value, i) => `${value?.toFixed(2)} ± ${residuals[i]?.toFixed(3)}`);
  return row([
    String(epoch + 1),
    logs.loss.toFixed(4),
    percent(logs.acc),
    percent(logs.val_acc),
    pairs.join('  '),
    topShare == null ? '' : percent(topShare),
  ]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
