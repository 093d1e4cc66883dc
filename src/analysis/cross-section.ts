import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, mul, tidy } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { Schema, Settings } from '../options.js';
import { byDefault, integer, number, numbers, readOptions } from '../options.js';
import { coordinates, rowOf } from '../rows.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { DirectionOptions, MinibatchOptions, RunOptions } from './analysis-options.js';
import { directionSchema, minibatchSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { lossOf, moveTo, nextGradient } from './loss-and-gradient.js';
import type { LossSource } from './loss-source.js';
import type { SectionWidth } from './section-width.js';
import { widthsOf } from './section-width.js';
import type { SharpestDirections } from './sharpest-directions.js';
import { directionName, sharpestDirections } from './sharpest-directions.js';
import { spreadOf } from './statistics.js';

/** Settings of {@link lossCrossSection}. One of `learningRate` and `scale` has to be given. */
export interface LossCrossSectionOptions extends DirectionOptions, MinibatchOptions, RunOptions {
  /** η > 0: sections are in units of the mean SGD step along their direction, η·mean|⟨g, e_i⟩|. */
  readonly learningRate?: number;
  /** A fixed unit for all directions, > 0, in place of the step. */
  readonly scale?: number;
  /** Distances on each side, in units, ≥ 0. Default 0, 0.25, 0.5, 1, 2, 4, 8, 16, as in the paper. */
  readonly distances?: readonly number[];
  /** Factors t > 1 of the widths. Default 1.01, 1.1, 1.5, 2, as in the paper. */
  readonly thresholds?: readonly number[];
  /** How many of the first examples the loss is taken on. Default 1280, as in the paper. */
  readonly lossExamples?: number;
}

const schema = {
  learningRate: number({ above: 0 }),
  scale: number({ above: 0 }),
  distances: byDefault(numbers({ from: 0 }), [0, 0.25, 0.5, 1, 2, 4, 8, 16]),
  thresholds: byDefault(numbers({ above: 1 }), [1.01, 1.1, 1.5, 2]),
  lossExamples: byDefault(integer(1), 1280),
  ...directionSchema,
  ...minibatchSchema,
  ...runSchema,
} satisfies Schema<LossCrossSectionOptions>;

type Plan = Settings<LossCrossSectionOptions, typeof schema>;

/** The loss along one direction. */
export interface LossSection {
  /** `e₁` … `e_K`. */
  readonly direction: string;
  readonly eigenvalue: number;
  /** s_i, one unit of `offsets`, as a Euclidean distance in parameter space. */
  readonly scale: number;
  /** k, ascending, symmetric around 0. */
  readonly offsets: readonly number[];
  /** L(θ + k·s_i·e_i) at each offset. */
  readonly losses: readonly number[];
  readonly widths: readonly SectionWidth[];
}

/** What {@link lossCrossSection} returns: plain data. A loss that overflowed is Infinity or NaN. */
export interface LossCrossSection {
  readonly analysis: 'lossCrossSection';
  readonly settings: {
    readonly learningRate: number | null;
    readonly scale: number | null;
    readonly distances: readonly number[];
    readonly thresholds: readonly number[];
    readonly k: number;
    readonly batchSize: number | null;
    readonly minibatches: number | null;
    readonly lossExamples: number | null;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'offsets' | 'scale' | 'losses' | 'widths', string>>;
  readonly lossBefore: number;
  readonly records: readonly LossSection[];
}

/**
 * The loss along straight lines through the present parameters, one for each of the sharpest directions:
 *
 *     L(θ + k·s_i·e_i),   s_i = mean over M minibatches of η|⟨g, e_i⟩|,  or a fixed scale
 *
 * with the widths of the valley at several heights, on both sides (§3.2 of the paper; its released code overwrites
 * the width of one side by that of the other).
 *
 * @param target a model with its training data, or an objective: see {@link AnalysisTarget}
 * @param options see {@link LossCrossSectionOptions}
 * @returns plain records; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, both or none of `learningRate` and `scale`, or
 *   eigenpairs that are too few or of another model
 *
 * Parameters are restored bit for bit, also on a throw or abort. Cost: M gradients for the scale, 2·K losses per
 * distance, and the eigenpairs unless given; a piece of progress is a loss. Memory: K + 4 vectors of length n.
 *
 * @example
 * const { records } = await lossCrossSection({ model, data: { xs, ys } }, { learningRate: 0.05, k: 5 });
 */
export async function lossCrossSection(
  target: AnalysisTarget,
  options: LossCrossSectionOptions,
): Promise<LossCrossSection> {
  const plan = readOptions(options, schema, where);
  const { learningRate, scale } = plan;
  const isOne = (learningRate == null) !== (scale == null);
  requireArgument(isOne, where, 'either learningRate or scale', [learningRate, scale]);
  return analyse(target, plan, where, 'exclusive', (workplace) => measure(workplace, plan));
}

const where = 'lossCrossSection';

function* measure({ source, own }: Workplace, plan: Plan): SolverSteps<LossCrossSection> {
  const { parameters } = source;
  const fixed = plan.scale;
  const found = own(yield* sharpestDirections(source, plan, where));
  const stream = fixed == null ? source.minibatches(plan.batchSize, new SeededRandom(plan.seed)) : null;
  const scales =
    stream == null
      ? found.eigenvalues.map(() => fixed!)
      : yield* stepLengths(stream, found, plan.learningRate!, plan.minibatches);
  const sides = [...new Set(plan.distances.flatMap((distance) => [-distance, distance]))];
  const offsets = [...new Set(sides.map((side) => side + 0))].sort((a, b) => a - b);
  const progress = new ProgressCounter(scales.length * offsets.length, plan.onProgress);
  const part = own(source.first(plan.lossExamples));
  const theta = own(parameters.read());
  const lossBefore = (yield lossOf(part.objective))[0]!;
  const records: LossSection[] = [];
  for (const [i, scale] of scales.entries()) {
    const losses: number[] = [];
    for (const offset of offsets) {
      moveTo(parameters, () => add(theta, mul(rowOf(found.rows, i), offset * scale)) as Tensor1D);
      losses.push((yield lossOf(part.objective))[0]!);
      progress.advance();
    }
    const widths = widthsOf(offsets, losses, lossBefore, plan.thresholds);
    const direction = directionName(i);
    records.push({ direction, eigenvalue: found.eigenvalues[i]!, scale, offsets, losses, widths });
  }
  return {
    analysis: 'lossCrossSection',
    settings: {
      learningRate: plan.learningRate ?? null,
      scale: fixed ?? null,
      distances: plan.distances,
      thresholds: plan.thresholds,
      k: scales.length,
      batchSize: stream?.batchSize ?? null,
      minibatches: stream == null ? null : plan.minibatches,
      lossExamples: part.examples,
      hessianExamples: found.hessianExamples,
      seed: plan.seed,
    },
    units: {
      offsets: 'scales',
      scale: 'Euclidean distance in parameter space',
      losses: 'loss',
      widths: 'scales',
    },
    lossBefore,
    records,
  };
}

/** η·mean|⟨g, e_i⟩| over some minibatches, for each direction. */
function* stepLengths(
  stream: ReturnType<LossSource['minibatches']>,
  found: SharpestDirections,
  learningRate: number,
  minibatches: number,
): SolverSteps<number[]> {
  const lengths: Float32Array[] = [];
  for (let m = 0; m < minibatches; m++) {
    lengths.push(yield tidy(() => coordinates(found.rows, nextGradient(stream, where))));
  }
  return found.eigenvalues.map(
    (_, i) => learningRate * spreadOf(lengths.map((along) => Math.abs(along[i]!))).mean,
  );
}
