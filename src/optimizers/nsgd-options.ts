import { requireArgument } from '../errors.js';
import type { Schema } from '../options.js';
import {
  anyInteger,
  byDefault,
  flag,
  integer,
  mandatory,
  number,
  oneOf,
  or,
  readOptions,
} from '../options.js';
import { schedule, type Schedule } from './schedule.js';

/** What the nudge is applied to: see {@link NSGDOptions.correction}. */
export type Correction = 'update' | 'gradient' | 'both';

/** Settings of {@link NSGD}. Names are in camel case and values hold no underscore, so that tfjs can load them. */
export interface NSGDOptions {
  /**
   * η, the length of a step, ≥ 0: a number or a function of the step. Larger trains faster until steps overshoot
   * the curvature (η > 2/λ₁). No default: it belongs to the problem.
   */
  readonly learningRate: Schedule;
  /**
   * γ, the factor on the part of the step along the sharpest directions, ≥ 0: a number or a function of the
   * step. γ < 1 steps less there and moves to sharper regions, γ > 1 to flatter ones, γ = 1 is exactly SGD.
   * Default 0.1: the paper's γ < 1 runs use 0.01 and 0.1, and the milder one is the safer.
   */
  readonly gamma?: Schedule;
  /**
   * K, how many of the sharpest directions to nudge, at most n, the number of trainable parameters. More costs memory (K·n
   * floats) and products. Default null: 5, the paper's, or n where that is less.
   */
  readonly k?: number | null;
  /** μ in [0, 1): how much of the last velocity a step keeps. Default 0. */
  readonly momentum?: number;
  /** Whether to step along μm − ηg, one step ahead of the velocity m. Needs `momentum > 0`. Default false. */
  readonly useNesterov?: boolean;
  /** Learning-rate decay d ≥ 0: step t has length η / (1 + d·t). Default 0. */
  readonly decay?: number;
  /**
   * What is nudged. `'update'` (default, as in the paper's code): the step; the velocity stays uncorrected.
   * `'gradient'`: the gradient before it enters the velocity. `'both'`: γ² along the directions without momentum.
   */
  readonly correction?: Correction;
  /**
   * Steps between refreshes of the directions from the minibatch loss; in the beginning, where the Hessian turns
   * fastest, they follow after 1/8, 1/8, 1/4 and 1/2 of it. 0: only when told, by `setDirections` or
   * `refreshDirections`. Default 100: with 14 to 18 Hessian-vector products a refresh, about a third of the
   * training time, for directions with a mean cosine above 0.9 to the exact ones (docs/training-with-nsgd.md).
   */
  readonly refreshEvery?: number;
  /**
   * Steps between cheap corrections of the directions, each one step of subspace iteration (K products on the
   * minibatch loss). 0: none. Default 0.
   */
  readonly trackEvery?: number;
  /**
   * Largest share of the training time to spend on searches for directions, in (0, 1]: one that would exceed it is put off
   * to a later step, and counted in `putOff`. What they take is counted by the clock from the first step on, so runs with a
   * budget do not repeat bit for bit; on WebGL and WebGPU it is counted as long as the search goes on beside the steps.
   * Default null: every search is made when it is due.
   */
  readonly searchBudget?: number | null;
  /** Steps at the beginning without nudge and without refresh: plain SGD. Default 0. */
  readonly burnIn?: number;
  /**
   * Which directions count as sharpest: `'LA'` (default) those of the largest eigenvalues, `'LM'` those of the
   * largest magnitude, which may be strongly negative.
   */
  readonly which?: 'LA' | 'LM';
  /** Relative residual ‖Hv − λv‖/|λ| a direction is found to. Default 0.05: a step needs no more. */
  readonly tol?: number;
  /** Largest norm of the whole gradient, clipped before the projection. Default null: no limit. */
  readonly clipNorm?: number | null;
  /** Largest magnitude of an entry of the gradient, clipped after the norm. Default null: no limit. */
  readonly clipValue?: number | null;
  /**
   * Decoupled weight decay w ≥ 0 (Loshchilov and Hutter 2019, arXiv 1711.05101): a step also subtracts η·w·θ,
   * outside of gradient, velocity and nudge. Default 0.
   */
  readonly weightDecay?: number;
  /** How many of the latest steps to keep a {@link StepRecord} of. Default 0: none, at no cost. */
  readonly recordSteps?: number;
  /** Seed of the random start of the search for directions. Default 0: two equal runs are equal bit for bit. */
  readonly seed?: number;
}

const limit = or(number({ above: 0 }), null);

const schema = {
  learningRate: mandatory(schedule),
  gamma: byDefault(schedule, 0.1),
  k: byDefault(or(integer(1), null), null),
  momentum: byDefault(number({ from: 0, below: 1 }), 0),
  useNesterov: byDefault(flag, false),
  decay: byDefault(number({ from: 0 }), 0),
  correction: byDefault(oneOf('update', 'gradient', 'both'), 'update'),
  refreshEvery: byDefault(integer(0), 100),
  trackEvery: byDefault(integer(0), 0),
  searchBudget: byDefault(or(number({ above: 0, to: 1 }), null), null),
  burnIn: byDefault(integer(0), 0),
  which: byDefault(oneOf('LA', 'LM'), 'LA'),
  tol: byDefault(number({ above: 0, below: 1 }), 0.05),
  clipNorm: byDefault(limit, null),
  clipValue: byDefault(limit, null),
  weightDecay: byDefault(number({ from: 0 }), 0),
  recordSteps: byDefault(integer(0), 0),
  seed: byDefault(anyInteger, 0),
} satisfies Schema<NSGDOptions>;

/** All settings of {@link NSGD}, with nothing left open. */
export type NSGDSettings = Required<NSGDOptions>;

/**
 * Fills in the defaults and checks every setting.
 *
 * @throws CurvatureArgumentError that names the setting, what it has to be and what came instead
 */
export function resolveOptions(options: NSGDOptions): NSGDSettings {
  const rate = typeof options === 'number' ? String(options) : '0.01';
  requireArgument(
    typeof options === 'object' && options !== null,
    'NSGD',
    'options {learningRate, gamma, …}',
    options,
    `Write new NSGD({ learningRate: ${rate} })`,
  );
  const settings = readOptions(options, schema, 'NSGD');
  requireArgument(
    !settings.useNesterov || settings.momentum > 0,
    'NSGD',
    'a number momentum > 0 with useNesterov, which looks ahead along the velocity',
    settings.momentum,
  );
  return settings;
}
