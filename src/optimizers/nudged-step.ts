import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { mul, tidy } from '@tensorflow/tfjs-core';
import { euclideanNorm } from '../rows.js';
import { blockDots, blockSums } from '../tfjs/kernels/block-products.js';
import type { DirectionSet } from './direction-set.js';
import { clipGradients } from './gradient-clipping.js';
import type { NSGDSettings } from './nsgd-options.js';
import type { DirectionBlocks } from './nudge.js';
import { nudge } from './nudge.js';
import type { StepMeasurements } from './step-records.js';
import type { Velocities } from './velocities.js';
import type { WeightConstraint } from './weight-constraints.js';

/** What a step is taken with: the settings at this step and the state of the optimizer. */
export interface NudgedStep {
  readonly settings: NSGDSettings;
  /** Steps taken before. */
  readonly iterations: number;
  /** η of this step, with schedule and decay. */
  readonly learningRate: number;
  /** γ of this step. */
  readonly gamma: number;
  /** V; null for none, and then the step is that of SGD. */
  readonly directions: DirectionSet | null;
  /** The velocities a. */
  readonly velocities: Velocities;
  readonly constraints: ReadonlyMap<string, WeightConstraint>;
  /** Is told what the step does along the directions; null if nobody asks. */
  readonly observe: ((measurements: StepMeasurements) => void) | null;
}

/**
 * Takes one step of Nudged SGD: assigns θ + Δθ to the variables.
 *
 * With P = VᵀV, first g ← g − (1−γ)Pg for the corrections 'gradient' and 'both'; then the update of SGD,
 * u = −ηg, of momentum, m ← μm − ηg and u = m, or of Nesterov, u = μm − ηg; then Δθ = u − (1−γ)Pu for the
 * corrections 'update' and 'both', else Δθ = u (Jastrzębski et al. 2019, section 4, and the released code).
 *
 * The arithmetic outside of V is, operation by operation, that of `tf.train.sgd` and `tf.train.momentum`, so that
 * without directions the weights are the same bit for bit. That is why a velocity is kept as a = −m/unit.
 */
export function takeNudgedStep(gradients: ReadonlyMap<Variable, Tensor>, step: NudgedStep): void {
  const { settings, learningRate, gamma } = step;
  const { correction, weightDecay, momentum, useNesterov } = settings;
  const variables = [...gradients.keys()];
  tidy(() => {
    let parts = clipGradients([...gradients.values()], settings.clipNorm, settings.clipValue);
    const clipped = parts;
    const directions = step.directions?.meets(variables) ? step.directions.blocksOf(variables) : null;
    const nudged = gamma === 1 ? null : directions;
    if (nudged != null && correction !== 'update') parts = nudge(nudged, parts, gamma);
    const { unit, scale } = updateScale(step);
    const scaled = { factor: scale, parts };
    const velocities =
      momentum > 0
        ? blockSums(scaled, { factor: momentum, parts: step.velocities.of(variables) }, null)
        : null;
    const updates =
      velocities != null && useNesterov
        ? blockSums(scaled, { factor: momentum, parts: velocities }, null)
        : (velocities ?? parts);
    // −(1−γ)P u for the update u = −unit · updates
    const excess =
      nudged == null || correction === 'gradient'
        ? null
        : { scale: unit * (1 - gamma), blocks: nudged, alphas: blockDots(nudged, updates) };
    const kept = { factor: 1 - learningRate * weightDecay, parts: variables };
    const values = blockSums({ factor: -unit, parts: updates }, kept, excess).map((value, i) => {
      const constraint = step.constraints.get(variables[i]!.name);
      return constraint == null ? value : tidy(() => constraint(value));
    });
    if (directions != null) step.observe?.(measure(directions, clipped, updates, unit));
    // Nothing can fail from here on: a step is taken as a whole or not at all.
    if (velocities != null) step.velocities.replace(variables, velocities);
    variables.forEach((variable, i) => variable.assign(values[i]!));
  });
}

/**
 * Updates are computed as u = −unit · a from gradients times `scale`, with η = unit · scale. Without momentum the
 * unit is η. With momentum, the unit of a velocity has to stay the same from step to step: it is the fixed η, so
 * that velocities are those of `tf.train.momentum` and a new η counts for all of the velocity, as there; `decay`
 * and schedules enter as the scale of the gradient, which gives m ← μm − η_t g. See {@link Velocities.countIn}.
 */
function updateScale({ settings, learningRate, iterations }: NudgedStep): { unit: number; scale: number } {
  if (settings.momentum === 0) return { unit: learningRate, scale: 1 };
  if (typeof settings.learningRate === 'function') return { unit: 1, scale: learningRate };
  return { unit: settings.learningRate, scale: 1 / (1 + settings.decay * iterations) };
}

function measure(
  directions: DirectionBlocks,
  gradients: readonly Tensor[],
  updates: readonly Tensor[],
  unit: number,
): StepMeasurements {
  return {
    gradientNorm: euclideanNorm(gradients),
    gradientCoordinates: blockDots(directions, gradients),
    updateNorm: mul(euclideanNorm(updates), unit),
    updateCoordinates: mul(blockDots(directions, updates), unit),
  };
}
