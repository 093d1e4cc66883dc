import { userFunction } from '../tfjs/run-scope.js';
import type { AnyOperator } from '../operators/async-operator.js';
import { requireAnyOperator } from '../operators/async-operator.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, callable, integer, number, readOptions } from '../options.js';
import { driveSchema, type DriveOptions } from '../tfjs/drive.js';

/** A number found by chance, with what it cost and how far it may be off. */
export interface Estimate {
  /** The estimate. */
  readonly value: number;
  /**
   * Its standard deviation, estimated from the sample and raised where that is small: two of them are to cover the
   * truth in 95 of 100 runs. docs/choosing.md has what was measured.
   */
  readonly standardError: number;
  /**
   * `converged`: the standard error is within the tolerance; `maxIterations`: the products allowed are spent;
   * `nonFinite`: a product had a NaN or an infinity in it; `outsideDomain`: the function of `traceOfFunction` is
   * undefined at a Ritz value.
   */
  readonly status: 'converged' | 'maxIterations' | 'nonFinite' | 'outsideDomain';
  /** Products Av spent. */
  readonly numMatvecs: number;
}

/** What an estimator tells while it runs. */
export interface EstimateProgress {
  readonly numMatvecs: number;
  readonly value: number;
  readonly standardError: number;
}

/** Options that all estimators share. */
export interface EstimatorOptions {
  /** Standard error to reach, relative to the estimate. Default 0.05. Halving it costs four times the products. */
  readonly tol?: number;
  /** Products at most. Default 100. */
  readonly maxMatvecs?: number;
  /** Seed of the probes. Default 0. */
  readonly seed?: number;
  /** Called whenever the estimate has changed. */
  readonly onProgress?: (progress: EstimateProgress) => void;
}

/** The schema of {@link EstimatorOptions}, for an estimator that takes so many products at least. */
export function estimatorSchema(fewest: number) {
  return {
    tol: byDefault(number({ above: 0 }), 0.05),
    maxMatvecs: byDefault(integer(fewest), 100),
    seed: byDefault(anyInteger, 0),
    onProgress: callable<(progress: EstimateProgress) => void>(),
    ...driveSchema,
  } satisfies Schema<EstimatorOptions & DriveOptions>;
}

/** {@link EstimatorOptions} with the defaults filled in. */
export interface EstimatorPlan extends Required<EstimatorOptions>, DriveOptions {
  /** The public function that runs, for errors. */
  readonly where: string;
}

/** Fewer samples say nothing about their own spread. */
export const FEWEST_SAMPLES = 8;

/** The same of samples that all agree: of two values of equal chance they do in one run of 2²³. */
const FEWEST_EQUAL = 24;

/** Samples that differ by less than this part of their mean differ by rounding. */
const AGREEMENT = 1e-5;

/** Whether there are enough samples to tell their spread: eight, and more where the first eight agree. */
export class SpreadWatch {
  private count = 0;
  /** How many agree, from the first on. */
  private agreeing = 0;

  /** @param deviation of the samples so far, beside their mean */
  add(deviation: number, mean: number): void {
    this.count++;
    if (deviation <= AGREEMENT * Math.abs(mean)) this.agreeing = this.count;
  }

  get isTold(): boolean {
    return this.count >= (this.agreeing < FEWEST_SAMPLES ? FEWEST_SAMPLES : FEWEST_EQUAL);
  }
}

/**
 * Checks the options of an estimator and fills in the defaults.
 *
 * @throws CurvatureArgumentError that names `where`, the option and what came instead
 */
export function planEstimator(
  operator: AnyOperator,
  options: EstimatorOptions,
  where: string,
  fewest: number,
): EstimatorPlan {
  requireAnyOperator(operator, where);
  return estimatorPlan(readOptions(options, estimatorSchema(fewest), where), where);
}

/** The plan of options that have been read. */
export function estimatorPlan(
  settings: Settings<EstimatorOptions & DriveOptions, ReturnType<typeof estimatorSchema>>,
  where: string,
): EstimatorPlan {
  return { ...settings, where, onProgress: userFunction(settings.onProgress ?? (() => {})) };
}

/** Mean and standard error of a growing sample, by Welford's recurrence (1962). */
export class Sample {
  count = 0;
  mean = 0;
  /** The root of the sum of the squared offsets from the mean; squares would leave the range of doubles. */
  private spread = 0;
  private readonly watch = new SpreadWatch();

  add(value: number): void {
    this.count++;
    const before = value - this.mean;
    this.mean += before / this.count;
    const after = value - this.mean;
    this.spread = Math.hypot(this.spread, Math.sqrt(Math.abs(before)) * Math.sqrt(Math.abs(after)));
    this.watch.add(this.spread / Math.sqrt(this.count), this.mean);
  }

  /** Whether the standard error is to be believed: see {@link SpreadWatch}. */
  get tellsSpread(): boolean {
    return this.watch.isTold;
  }

  /**
   * Standard deviation of the mean, raised so that two of them cover 95 of 100 in spite of a sample too small to
   * know its spread (Student 1908); NaN for fewer than two values.
   */
  get standardError(): number {
    if (this.count < 2) return NaN;
    const degrees = this.count - 1;
    return (this.spread / Math.sqrt(degrees * this.count)) * studentFactor(degrees);
  }
}

/** By how much an error estimated with so few degrees of freedom is raised, for two of them to cover 95 of 100. */
export function studentFactor(degrees: number): number {
  return studentQuantile(degrees) / NORMAL_QUANTILE;
}

/** Of a normal distribution, 95 of 100 lie within this many standard deviations. */
const NORMAL_QUANTILE = 1.95996;

/** Of Student's distribution with 1, 2, … degrees of freedom, 95 of 100 lie within these (Abramowitz & Stegun, table 26.10). */
const STUDENT_QUANTILES = [12.7062, 4.30265, 3.18245, 2.77645, 2.57058];

/** The same for any degrees of freedom, to 0.005 (Abramowitz & Stegun 1964, 26.7.5). */
function studentQuantile(degrees: number): number {
  if (degrees <= STUDENT_QUANTILES.length) return STUDENT_QUANTILES[degrees - 1]!;
  const z = NORMAL_QUANTILE;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}
