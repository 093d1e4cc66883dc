import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { add, mul, scalar, tidy } from '@tensorflow/tfjs-core';
import type { DirectionSet } from './direction-set.js';
import { clipGradients, globalNorm } from './gradient-clipping.js';
import type { NSGDSettings } from './nsgd-options.js';
import type { DirectionBlocks } from './nudge.js';
import { combination, coordinates, nudge } from './nudge.js';
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
  const { correction, weightDecay, momentum } = settings;
  const variables = [...gradients.keys()];
  tidy(() => {
    let parts = clipGradients([...gradients.values()], settings.clipNorm, settings.clipValue);
    const clipped = parts;
    const directions = step.directions?.meets(variables) ? step.directions.blocksOf(variables) : null;
    const nudged = gamma === 1 ? null : directions;
    if (nudged != null && correction !== 'update') parts = nudge(nudged, parts, gamma);
    const { unit, scale } = updateScale(step);
    const scaled = momentum > 0 && scale !== 1 ? parts.map((part): Tensor => mul(scale, part)) : parts;
    const velocities =
      momentum > 0
        ? variables.map((variable, i) => step.velocities.next(variable, scaled[i]!, momentum))
        : [];
    const updates = momentum > 0 ? updatesOf(velocities, scaled, settings) : parts;
    // −(1−γ)P u for the update u = −unit · updates
    const excess =
      nudged == null || correction === 'gradient'
        ? null
        : combination(nudged, mul(coordinates(nudged, updates), unit * (1 - gamma)), updates);
    const factor = scalar(-unit);
    // What one variable takes on the way is released before the next, whose results fill the same memory.
    const values = variables.map((variable, i) =>
      tidy(() => {
        const value = weightDecay > 0 ? mul(variable, 1 - learningRate * weightDecay) : variable;
        let next: Tensor = add(mul(factor, updates[i]!), value);
        const along = excess?.[i];
        if (along != null) next = add(next, along);
        return step.constraints.get(variable.name)?.(next) ?? next;
      }),
    );
    if (directions != null) step.observe?.(measure(directions, clipped, updates, unit));
    // Nothing can fail from here on: a step is taken as a whole or not at all.
    if (momentum > 0) step.velocities.replace(variables, velocities);
    variables.forEach((variable, i) => variable.assign(values[i]!));
  });
}

/**
 * Updates are computed as u = −unit · a from gradients times `scale`, with η = unit · scale. Without momentum the
 * unit is η. With momentum, the unit of a velocity has to stay the same from step to step: it is the fixed η, so
 * that velocities are those of `tf.train.momentum` and a new η counts for all of the velocity, as there; `decay`
 * and schedules enter as the scale of the gradient, which gives m ← μm − η_t g.
 */
function updateScale({ settings, learningRate, iterations }: NudgedStep): { unit: number; scale: number } {
  if (settings.momentum === 0) return { unit: learningRate, scale: 1 };
  if (typeof settings.learningRate === 'function') return { unit: 1, scale: learningRate };
  return { unit: settings.learningRate, scale: 1 / (1 + settings.decay * iterations) };
}

/** The updates in units of −unit, from the new velocities and the scaled gradients. */
function updatesOf(
  velocities: readonly Tensor[],
  scaled: readonly Tensor[],
  { momentum, useNesterov }: NSGDSettings,
): readonly Tensor[] {
  if (!useNesterov) return velocities;
  return velocities.map((velocity, i): Tensor => add(scaled[i]!, mul(velocity, momentum)));
}

function measure(
  directions: DirectionBlocks,
  gradients: readonly Tensor[],
  updates: readonly Tensor[],
  unit: number,
): StepMeasurements {
  return {
    gradientNorm: globalNorm(gradients),
    gradientCoordinates: coordinates(directions, gradients),
    updateNorm: mul(globalNorm(updates), unit),
    updateCoordinates: mul(coordinates(directions, updates), unit),
  };
}
