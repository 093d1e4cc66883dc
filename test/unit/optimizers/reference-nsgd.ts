import type { Correction } from '../../../src/optimizers/nsgd-options.js';

/** A vector of double-precision numbers. */
export type Vector = readonly number[];

/** Settings of the reference, in the letters of the paper. */
export interface ReferenceSettings {
  eta: number | ((t: number) => number);
  gamma: number | ((t: number) => number);
  mu: number;
  nesterov: boolean;
  correction: Correction;
  /** Orthonormal directions, one a row. */
  directions: readonly Vector[];
  decay?: number;
  weightDecay?: number;
  clipNorm?: number;
  clipValue?: number;
}

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const combine = (s: number, a: Vector, t: number, b: Vector): number[] => a.map((x, i) => s * x + t * b[i]!);

/**
 * Nudged SGD in double precision on plain arrays, written from the formulas of the paper and not from the
 * optimizer: one velocity m in units of a step, one global projection, no tensors.
 */
export function referenceTrajectory(
  start: Vector,
  gradient: (theta: Vector) => Vector,
  steps: number,
  settings: ReferenceSettings,
): number[] {
  const { mu, nesterov, correction, directions, decay = 0, weightDecay = 0 } = settings;
  const at = (value: number | ((t: number) => number), t: number): number =>
    typeof value === 'number' ? value : value(t);
  const nudge = (x: Vector, gamma: number): number[] =>
    directions.reduce<number[]>((rest, e) => combine(1, rest, -(1 - gamma) * dot(x, e), e), [...x]);
  let theta = [...start];
  let m = start.map(() => 0);
  for (let t = 0; t < steps; t++) {
    const eta = at(settings.eta, t) / (1 + decay * t);
    const gamma = at(settings.gamma, t);
    let g = [...gradient(theta)];
    const norm = Math.sqrt(dot(g, g));
    const { clipNorm = Infinity, clipValue = Infinity } = settings;
    if (norm > clipNorm) g = g.map((x) => (x * clipNorm) / norm);
    g = g.map((x) => Math.min(Math.max(x, -clipValue), clipValue));
    if (correction !== 'update') g = nudge(g, gamma);
    m = combine(mu, m, -eta, g);
    let step = nesterov ? combine(mu, m, -eta, g) : m;
    if (correction !== 'gradient') step = nudge(step, gamma);
    theta = theta.map((x, i) => x + step[i]! - eta * weightDecay * x);
  }
  return theta;
}
