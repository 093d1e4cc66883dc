import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, reshape, tidy } from '@tensorflow/tfjs-core';
import type { Schema, Settings } from '../options.js';
import { byDefault, integer, readOptions } from '../options.js';
import { coordinates, unitVector } from '../rows.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { DirectionOptions, MinibatchOptions, RunOptions } from './analysis-options.js';
import { directionSchema, minibatchSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { nextGradient, takeGradient } from './loss-and-gradient.js';
import { randomDirection } from './random-direction.js';
import { directionName, sharpestDirections } from './sharpest-directions.js';
import { spreadOf } from './statistics.js';

/** Settings of {@link gradientAlignment}. */
export interface GradientAlignmentOptions extends DirectionOptions, MinibatchOptions, RunOptions {
  /** Random directions for the baseline. Default 20, at most 10 000. More give a steadier baseline; each is a vector of length n. */
  readonly randomDirections?: number;
  /** How many of the first examples the full gradient is taken on. Default: all. */
  readonly lossExamples?: number;
}

/** The mean of so many cosines has an error of 1 % of their spread; more are taken for a slip. */
const MOST_DIRECTIONS = 10_000;

const schema = {
  randomDirections: byDefault(integer(1, MOST_DIRECTIONS), 20),
  lossExamples: byDefault(integer(1), Number.MAX_SAFE_INTEGER),
  ...directionSchema,
  ...minibatchSchema,
  ...runSchema,
} satisfies Schema<GradientAlignmentOptions>;

type Plan = Settings<GradientAlignmentOptions, typeof schema>;

/** Cosines of some gradients with one direction. */
export interface AlignmentEntry {
  /** `e₁` … `e_K`, `full gradient`, or `random` for all random directions together. */
  readonly direction: string;
  /** `minibatch` for the g_b, `full batch` for ḡ. */
  readonly gradient: 'minibatch' | 'full batch';
  /** Mean of cos. */
  readonly meanCosine: number;
  /** Standard deviation of cos. */
  readonly cosineStandardDeviation: number;
  /** Mean of |cos|. */
  readonly meanAbsCosine: number;
  /** Standard deviation of |cos|. */
  readonly standardDeviation: number;
}

/** What {@link gradientAlignment} returns: plain data. */
export interface GradientAlignment {
  readonly analysis: 'gradientAlignment';
  readonly settings: {
    readonly k: number;
    readonly batchSize: number | null;
    readonly minibatches: number;
    readonly randomDirections: number;
    readonly lossExamples: number | null;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'cosine' | 'factors', string>>;
  readonly eigenvalues: readonly number[];
  readonly records: readonly AlignmentEntry[];
  /** Mean |cos| of the minibatch gradients with the random directions. */
  readonly randomBaseline: number;
  /** √(2/(πn)), what the mean |cos| with a random direction of R^n comes to where n is large. */
  readonly expectedRandomBaseline: number;
  /** For e₁ … e_K: mean |cos| of the minibatch gradients over `expectedRandomBaseline`. */
  readonly factors: readonly number[];
}

/**
 * How far gradients point along the sharpest directions, against what a random direction gets:
 * cos(g_b, e_i) and cos(g_b, ḡ) over M minibatch gradients g_b, cos(ḡ, e_i) for the full gradient ḡ; mean, mean of
 * the absolute value, and standard deviation (§3.3 of the paper).
 *
 * @param target a model with its training data, or an objective: see {@link AnalysisTarget}
 * @param options see {@link GradientAlignmentOptions}
 * @returns plain records; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, or eigenpairs that are too few or of another model
 *
 * The parameters are not moved. Cost: M gradients, one full gradient, and the eigenpairs unless given; a piece of
 * progress is a gradient. Memory: K + 20 vectors of length n.
 *
 * @example
 * const { factors } = await gradientAlignment({ model, data: { xs, ys } }, { k: 5, minibatches: 50 });
 */
export async function gradientAlignment(
  target: AnalysisTarget,
  options: GradientAlignmentOptions = {},
): Promise<GradientAlignment> {
  const plan = readOptions(options, schema, where);
  return analyse(target, plan, where, 'shared', (workplace) => measure(workplace, plan));
}

const where = 'gradientAlignment';

function* measure({ source, own }: Workplace, plan: Plan): SolverSteps<GradientAlignment> {
  const { minibatches, seed } = plan;
  const n = source.parameters.size;
  const found = own(yield* sharpestDirections(source, plan, where));
  const k = found.eigenvalues.length;
  const random = new SeededRandom(seed);
  const stream = source.minibatches(plan.batchSize, random);
  const part = source.first(plan.lossExamples);
  const progress = new ProgressCounter(minibatches + 1, plan.onProgress);
  const full = own(takeGradient(part, where));
  const fullRow = own(tidy(() => reshape(unitVector(full), [1, n]) as Tensor2D));
  const randomRows = Array.from({ length: plan.randomDirections }, () => own(randomDirection(n, random)));
  const rows = [found.rows, fullRow, ...randomRows];
  progress.advance();
  const ofFull = Array.from(yield cosines(rows, full));
  const ofBatches: number[][] = [];
  for (let m = 0; m < minibatches; m++) {
    ofBatches.push(Array.from(yield tidy(() => cosines(rows, nextGradient(stream, where)))));
    progress.advance();
  }
  const column = (i: number): number[] => ofBatches.map((row) => row[i]!);
  const randomOf = (row: readonly number[]): number[] => row.slice(k + 1);
  const names = found.eigenvalues.map((_, i) => directionName(i));
  const records = [
    ...names.map((name, i) => entry(name, 'minibatch', column(i))),
    ...names.map((name, i) => entry(name, 'full batch', [ofFull[i]!])),
    entry('full gradient', 'minibatch', column(k)),
    entry('random', 'minibatch', ofBatches.flatMap(randomOf)),
    entry('random', 'full batch', randomOf(ofFull)),
  ];
  const expectedRandomBaseline = Math.sqrt(2 / (Math.PI * n));
  return {
    analysis: 'gradientAlignment',
    settings: {
      k,
      batchSize: stream.batchSize,
      minibatches,
      randomDirections: plan.randomDirections,
      lossExamples: part.examples,
      hessianExamples: found.hessianExamples,
      seed,
    },
    units: { cosine: 'cosine of the angle, −1 to 1', factors: 'mean |cos| over √(2/(πn))' },
    eigenvalues: found.eigenvalues,
    records,
    randomBaseline: records.find(({ direction }) => direction === 'random')!.meanAbsCosine,
    expectedRandomBaseline,
    factors: names.map((_, i) => spreadOf(column(i).map(Math.abs)).mean / expectedRandomBaseline),
  };
}

/** cos of the angles between a vector and unit rows, some [m, n] after the other; 0 for a zero vector. */
function cosines(rows: readonly Tensor2D[], vector: Tensor1D): Tensor1D {
  return tidy(() => {
    const unit = unitVector(vector);
    return concat(rows.map((some) => coordinates(some, unit)));
  });
}

function entry(
  direction: string,
  gradient: AlignmentEntry['gradient'],
  values: readonly number[],
): AlignmentEntry {
  const signed = spreadOf(values);
  const absolute = spreadOf(values.map(Math.abs));
  return {
    direction,
    gradient,
    meanCosine: signed.mean,
    cosineStandardDeviation: signed.standardDeviation,
    meanAbsCosine: absolute.mean,
    standardDeviation: absolute.standardDeviation,
  };
}
