import type { EigenStatus } from '../solvers/result.js';

/**
 * What a monitor can measure.
 *
 * - `sharpness`: λ₁, the largest eigenvalue of the Hessian.
 * - `eigenvalues`: λ₁ … λ_k.
 * - `residuals`: ‖Hv − λv‖₂ of each pair, which says how far to trust it.
 * - `gradientNorm`: ‖g‖₂ of the objective's gradient.
 * - `topShare`: ‖Vg‖₂ / ‖g‖₂, the share of the gradient in the span of the k eigenvectors.
 * - `alignments`: ⟨g, e_i⟩ / ‖g‖₂, the cosine between the gradient and each eigenvector.
 * - `distance`: ‖θ − θ₀‖₂ from where the weights were at the first measurement or begin of training.
 * - `stability`: 2/η, the sharpness above which gradient descent overshoots; needs `optimizer`.
 * - `trace`: Σ λ_i over all n eigenvalues, estimated from up to 40 further Hessian products, with `traceError`, its
 *   standard error.
 */
export type CurvatureMetric =
  | 'sharpness'
  | 'eigenvalues'
  | 'residuals'
  | 'gradientNorm'
  | 'topShare'
  | 'alignments'
  | 'distance'
  | 'stability'
  | 'trace';

/** What costs no Hessian products beyond those for the eigenvalues. */
export const cheapMetrics: readonly CurvatureMetric[] = [
  'sharpness',
  'eigenvalues',
  'residuals',
  'gradientNorm',
  'topShare',
  'alignments',
  'distance',
  'stability',
];

/** All that can be measured. */
export const allMetrics: readonly CurvatureMetric[] = [...cheapMetrics, 'trace'];

/** One measurement. Plain JSON: what was not asked for is missing, what is no finite number is null. */
export interface CurvatureRecord {
  /** Steps taken before the measurement, counted by the hooks. */
  readonly step: number;
  /** Epoch, counted from 0. */
  readonly epoch: number;
  /** Seconds since training began. */
  readonly time: number;
  /** How the search for eigenvalues ended; `'nonFinite'` also where the loss is no finite number. */
  readonly status: EigenStatus;
  /** Hessian products spent. */
  readonly numMatvecs: number;
  /** The loss of the objective. */
  readonly loss: number | null;
  readonly sharpness?: number | null;
  readonly eigenvalues?: readonly (number | null)[];
  readonly residuals?: readonly (number | null)[];
  readonly gradientNorm?: number | null;
  readonly topShare?: number | null;
  readonly alignments?: readonly (number | null)[];
  readonly distance?: number | null;
  readonly stability?: number | null;
  readonly trace?: number | null;
  /** Standard error of the trace. */
  readonly traceError?: number | null;
}

/** The name under which each entry of a list goes into the logs of training, with its number from 1. */
const listNames = { eigenvalues: 'lambda', residuals: 'residual', alignments: 'alignment' } as const;
const scalarNames = ['sharpness', 'gradientNorm', 'topShare', 'distance', 'stability', 'trace'] as const;

/** The numbers of one measurement, or of none. */
type Measured = Pick<CurvatureRecord, CurvatureMetric>;

/** What a measurement of these metrics would have, all of it unknown. */
export function notMeasured(metrics: readonly CurvatureMetric[], k: number): Measured {
  const unknown = (metric: CurvatureMetric): null | null[] =>
    metric in listNames ? new Array<null>(k).fill(null) : null;
  return Object.fromEntries(metrics.map((metric) => [metric, unknown(metric)]));
}

/**
 * Writes the measured numbers of a record into the logs of an epoch: `sharpness`, `lambda_1` …, `residual_1` …,
 * `gradientNorm`, `topShare`, `alignment_1` …, `distance`, `stability`, `trace`. What is no finite number, or not
 * known, is NaN.
 */
export function writeLogs(record: Measured, logs: Record<string, unknown>): void {
  for (const name of scalarNames) {
    const value = record[name];
    if (value !== undefined) logs[name] = value ?? NaN;
  }
  for (const [name, prefix] of Object.entries(listNames)) {
    record[name as keyof typeof listNames]?.forEach((value, i) => {
      logs[`${prefix}_${i + 1}`] = value ?? NaN;
    });
  }
}
