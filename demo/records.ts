/** What the page shows of a training run. Plain data: it passes from the worker, and into a file. */

/** Loss and accuracy on all examples after a number of steps. */
export interface ProgressRecord {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Curvature of the loss on all examples after a number of steps. */
export interface CurvaturePoint {
  readonly step: number;
  /** λ₁ ≥ … ≥ λ_K; null where a search came to nothing. */
  readonly eigenvalues: readonly (number | null)[];
  /** ‖Vg‖ / ‖g‖: how much of the gradient lies along the K sharpest directions. */
  readonly topShare: number | null;
}

export type RunName = 'SGD' | 'NSGD';

/** What all runs have come to after some steps. */
export interface TrainingUpdate {
  readonly step: number;
  readonly progress: Readonly<Partial<Record<RunName, ProgressRecord>>>;
  readonly curvature: Readonly<Partial<Record<RunName, CurvaturePoint>>>;
}

/** Why a run came to an end that nobody asked for. */
export interface Failure {
  readonly message: string;
}

/** A curve measured on demand. */
export interface MeasuredCurve {
  readonly run: RunName;
  readonly xs: number[];
  readonly ys: number[];
}
