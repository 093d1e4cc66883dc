import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions } from '../errors.js';
import type { Schedule } from './schedule.js';
import { requireInteger, requireNonNegative, valueAt } from './schedule.js';

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
  /** K, how many of the sharpest directions to nudge. More costs memory (K·n floats) and products. Default 5, the paper's. */
  readonly k?: number;
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
   * `refreshDirections`. Default 100: with some 15 Hessian-vector products a refresh, about a quarter of the
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

const nsgdOptionNames: OptionNames<NSGDOptions> = {
  learningRate: 'value',
  gamma: 'value',
  k: 'value',
  momentum: 'value',
  useNesterov: 'value',
  decay: 'value',
  correction: 'value',
  refreshEvery: 'value',
  trackEvery: 'value',
  searchBudget: 'value',
  burnIn: 'value',
  which: 'value',
  tol: 'value',
  clipNorm: 'value',
  clipValue: 'value',
  weightDecay: 'value',
  recordSteps: 'value',
  seed: 'value',
};

/** All settings of {@link NSGD}, with nothing left open. */
export type NSGDSettings = Required<NSGDOptions>;

const defaults: Omit<NSGDSettings, 'learningRate'> = {
  gamma: 0.1,
  k: 5,
  momentum: 0,
  useNesterov: false,
  decay: 0,
  correction: 'update',
  refreshEvery: 100,
  trackEvery: 0,
  searchBudget: null,
  burnIn: 0,
  which: 'LA',
  tol: 0.05,
  clipNorm: null,
  clipValue: null,
  weightDecay: 0,
  recordSteps: 0,
  seed: 0,
};

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
  requireOptions(options, nsgdOptionNames, 'NSGD');
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: NSGDSettings = { ...defaults, ...(given as unknown as NSGDOptions) };
  requireSchedule(settings.learningRate, 'NSGD learningRate');
  requireSchedule(settings.gamma, 'NSGD gamma');
  requireInteger(settings.k, 1, 'NSGD k');
  requireArgument(
    typeof settings.momentum === 'number' && settings.momentum >= 0 && settings.momentum < 1,
    'NSGD momentum',
    'a number in [0, 1)',
    settings.momentum,
  );
  requireNonNegative(settings.decay, 'NSGD decay');
  requireNonNegative(settings.weightDecay, 'NSGD weightDecay');
  for (const name of ['refreshEvery', 'trackEvery', 'burnIn', 'recordSteps'] as const) {
    requireInteger(settings[name], 0, `NSGD ${name}`);
  }
  requireArgument(Number.isSafeInteger(settings.seed), 'NSGD seed', 'an integer', settings.seed);
  requireOneOf(settings.correction, ['update', 'gradient', 'both'], 'NSGD correction');
  requireOneOf(settings.which, ['LA', 'LM'], 'NSGD which');
  requireArgument(
    typeof settings.useNesterov === 'boolean',
    'NSGD useNesterov',
    'true or false',
    settings.useNesterov,
  );
  requireArgument(
    !settings.useNesterov || settings.momentum > 0,
    'NSGD momentum',
    'a number > 0 with useNesterov, which looks ahead along the velocity',
    settings.momentum,
  );
  for (const name of ['clipNorm', 'clipValue'] as const) {
    if (settings[name] != null) requirePositive(settings[name], `NSGD ${name}`);
  }
  requirePositive(settings.tol, 'NSGD tol');
  requireArgument(settings.tol < 1, 'NSGD tol', 'a number < 1', settings.tol);
  const { searchBudget } = settings;
  requireArgument(
    searchBudget == null || (typeof searchBudget === 'number' && searchBudget > 0 && searchBudget <= 1),
    'NSGD searchBudget',
    'a share in (0, 1]',
    searchBudget,
  );
  return settings;
}

/** Throws unless a schedule is a function or, as a number, a value it may take. */
export function requireSchedule(schedule: Schedule, where: string): void {
  if (typeof schedule !== 'function') valueAt(schedule, 0, where);
}

function requirePositive(value: unknown, where: string): void {
  requireArgument(
    typeof value === 'number' && Number.isFinite(value) && value > 0,
    where,
    'a finite number > 0',
    value,
  );
}

function requireOneOf(value: unknown, allowed: readonly string[], where: string): void {
  requireArgument(
    allowed.includes(value as string),
    where,
    allowed.map((name) => `'${name}'`).join(' | '),
    value,
  );
}
