/** What the page shows of a training run. Plain data: it passes from the worker, and into a file. */

import type { DataKind } from './choices.js';

/** Loss and accuracy on the measured examples after a number of steps. */
export interface ProgressRecord {
  readonly loss: number;
  readonly accuracy: number;
}

/** Curvature of the loss on the measured examples after a number of steps. */
export interface CurvaturePoint {
  /** λ₁ ≥ … ≥ λ_K; null where a search came to nothing. */
  readonly eigenvalues: readonly (number | null)[];
  /** ‖Vg‖ / ‖g‖: how much of the gradient lies along the K sharpest directions. */
  readonly topShare: number | null;
}

export type RunName = 'SGD' | 'NSGD';

/** What all runs have come to after some steps. */
export interface TrainingUpdate {
  readonly step: number;
  /** η as it was then. */
  readonly learningRate: number;
  readonly progress: Readonly<Partial<Record<RunName, ProgressRecord>>>;
  readonly curvature: Readonly<Partial<Record<RunName, CurvaturePoint>>>;
}

/** Examples that the page shows, and asks every net about. */
export interface ShownExamples {
  readonly kind: DataKind;
  /** x and y of points, one after the other; pixels in [0, 1] of images. */
  readonly values: Float32Array;
}

/** What a net makes of them: for points, the probability of the first class on `grid`; for images, the class of each. */
export type Answers = Float32Array;

/** The answers of all runs. */
export type AnswersByRun = Readonly<Partial<Record<RunName, Answers>>>;

/** A curve measured on demand after a number of steps. */
export interface MeasuredCurve {
  readonly run: RunName;
  readonly step: number;
  readonly xs: number[];
  readonly ys: number[];
}

/** The loss over the plane through the weights along e₁ and e₂. */
export interface LossSlice {
  readonly run: RunName;
  readonly step: number;
  /** λ₁ and λ₂, the curvatures along the two axes. */
  readonly eigenvalues: readonly number[];
  /** The unit of both axes, the mean step of SGD along e₁, as a Euclidean distance between weights. */
  readonly unit: number;
  /** Where the loss is taken along either axis, in units, ascending. */
  readonly offsets: readonly number[];
  /** Losses at (offsets[i], offsets[j]) along (e₁, e₂) as `losses[j][i]`. */
  readonly losses: readonly (readonly number[])[];
  /** Where a step of SGD on all measured examples leads, in units along e₁ and e₂. */
  readonly gradientStep: readonly number[];
}

/** How far a measurement has come, from 0 to 1. */
export type OnProgress = (share: number) => void;
