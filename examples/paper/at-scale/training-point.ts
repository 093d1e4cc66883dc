/** What is measured at a point of a training; null where it is not measured there. */
export interface TrainingPoint {
  /** Epochs done: a multiple of a half. */
  readonly epoch: number;
  readonly step: number;
  /** Loss on the first training examples. */
  readonly loss: number;
  /** On the same examples. */
  readonly trainAccuracy: number | null;
  readonly validationAccuracy: number | null;
  readonly testAccuracy: number | null;
  /** ‖θ − θ₀‖₂ */
  readonly distance: number;
  /** λ₁ ≥ λ₂ ≥ … on the fixed sample. */
  readonly eigenvalues: readonly number[];
  /** λ₁ on the larger sample. */
  readonly checkSharpness: number | null;
  /** Processor seconds of the training so far: steps and searches for directions. */
  readonly trainingSeconds: number;
  /** Processor seconds of all so far, with measurements. */
  readonly seconds: number;
}

/** Names and order of the columns in files. */
export const pointColumns: readonly (keyof TrainingPoint)[] = [
  'epoch',
  'step',
  'loss',
  'trainAccuracy',
  'validationAccuracy',
  'testAccuracy',
  'distance',
  'eigenvalues',
  'checkSharpness',
  'trainingSeconds',
  'seconds',
];

/** Epochs that a run has behind it at its last point. */
export function epochsOf(points: readonly TrainingPoint[]): number {
  return points.at(-1)?.epoch ?? 0;
}
