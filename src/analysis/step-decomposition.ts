import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, mul, reshape, slice, sub, tidy } from '@tensorflow/tfjs-core';
import type { Schema, Settings } from '../options.js';
import { byDefault, integer, mandatory, number, numbers, readOptions } from '../options.js';
import { coordinates, euclideanNorm, rowOf } from '../rows.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { DirectionOptions, MinibatchOptions, RunOptions } from './analysis-options.js';
import { directionSchema, minibatchSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { lossOf, moveTo, nextGradient } from './loss-and-gradient.js';
import { owning } from './owning.js';
import { randomDirection } from './random-direction.js';
import { directionName, sharpestDirections } from './sharpest-directions.js';
import { spreadOf } from './statistics.js';

/** Settings of {@link stepDecomposition}. */
export interface StepDecompositionOptions extends DirectionOptions, MinibatchOptions, RunOptions {
  /** η > 0, the learning rate of the SGD whose steps are taken apart. */
  readonly learningRate: number;
  /** Lengths of the steps, in units of the SGD step. Default 0.25, 0.33, 0.5, 1, 2, 3, 4, as in the paper. */
  readonly alphas?: readonly number[];
  /** N, how many of the first examples the loss is taken on. Default 2560, as in the paper. */
  readonly lossExamples?: number;
}

const schema = {
  learningRate: mandatory(number({ above: 0 })),
  alphas: byDefault(numbers(), [0.25, 0.33, 0.5, 1, 2, 3, 4]),
  lossExamples: byDefault(integer(1), 2560),
  ...directionSchema,
  ...minibatchSchema,
  ...runSchema,
} satisfies Schema<StepDecompositionOptions>;

type Plan = Settings<StepDecompositionOptions, typeof schema>;

/** What steps of one length along one direction did. */
export interface StepEffect {
  /** `e₁` … `e_K`, `random` or `full step`. */
  readonly direction: string;
  readonly alpha: number;
  /** 100 · (mean(loss after) − loss before) / |loss before|; negative where the steps lower the loss. */
  readonly lossChange: number;
  /** Standard deviation of the change over the minibatches. */
  readonly standardDeviation: number;
  /** Mean length of the steps, αη|⟨g, e⟩|. */
  readonly meanStepLength: number;
}

/** What {@link stepDecomposition} returns: plain data. A loss that overflowed is Infinity or NaN. */
export interface StepDecomposition {
  readonly analysis: 'stepDecomposition';
  readonly settings: {
    readonly learningRate: number;
    readonly alphas: readonly number[];
    readonly k: number;
    readonly batchSize: number | null;
    readonly minibatches: number;
    readonly lossExamples: number | null;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<keyof Omit<StepEffect, 'direction'> | 'lossBefore', string>>;
  readonly lossBefore: number;
  readonly eigenvalues: readonly number[];
  readonly records: readonly StepEffect[];
}

const units: StepDecomposition['units'] = {
  alpha: 'SGD steps, η⟨g, e⟩',
  lossChange: 'percent of the loss before',
  standardDeviation: 'percent of the loss before',
  meanStepLength: 'Euclidean distance in parameter space',
  lossBefore: 'loss',
};

/**
 * Takes the SGD step apart: what does its part along each of the sharpest directions do to the loss by itself?
 *
 * For M minibatch gradients g, each direction e_i and each α,
 *
 *     change = 100 · (mean_g L(θ − αη⟨g, e_i⟩e_i) − L(θ)) / |L(θ)|   [percent]
 *
 * besides one random unit vector in place of e_i, and the full step θ − αηg. On a quadratic the part along e_i lowers
 * the loss on average only while α < 2/(ηλ_i), less where ⟨g, e_i⟩ is noise: the paper finds that at the peak of
 * sharpness α = 1 no longer does (§3.2, Fig. 3).
 *
 * @param target a model with its training data, or an objective: see {@link AnalysisTarget}
 * @param options see {@link StepDecompositionOptions}; only `learningRate` has no default
 * @returns plain records; nothing to dispose. `lossChange` compares with the loss before on the same examples
 * @throws CurvatureArgumentError for options out of range, or eigenpairs that are too few or of another model
 *
 * Parameters are restored bit for bit, also on a throw or abort. Cost: M gradients, M·(K + 2)·|α| losses, and the
 * eigenpairs unless given; a piece of progress is a loss. Memory: K + 4 vectors of length n.
 *
 * @example
 * const { records } = await stepDecomposition({ model, data: { xs, ys } }, { learningRate: 0.05, k: 5 });
 */
export async function stepDecomposition(
  target: AnalysisTarget,
  options: StepDecompositionOptions,
): Promise<StepDecomposition> {
  const plan = readOptions(options, schema, where);
  return analyse(target, plan, where, 'exclusive', (workplace) => measure(workplace, plan));
}

const where = 'stepDecomposition';

function* measure({ source, own }: Workplace, plan: Plan): SolverSteps<StepDecomposition> {
  const { alphas, minibatches, learningRate, seed } = plan;
  const { parameters } = source;
  const found = own(yield* sharpestDirections(source, plan, where));
  const random = new SeededRandom(seed);
  const stream = source.minibatches(plan.batchSize, random);
  const part = own(source.first(plan.lossExamples));
  const k = found.eigenvalues.length;
  const extra = own(randomDirection(parameters.size, random));
  const rows = own(tidy(() => concat([found.rows, extra], 0)));
  const theta = own(parameters.read());
  const names = [...found.eigenvalues.map((_, i) => directionName(i)), 'random', 'full step'];
  const progress = new ProgressCounter(minibatches * names.length * alphas.length, plan.onProgress);
  const lossBefore = (yield lossOf(part.objective))[0]!;
  const losses = names.map(() => alphas.map((): number[] => []));
  const lengths = names.map((): number[] => []);
  for (let m = 0; m < minibatches; m++) {
    parameters.write(theta);
    yield* owning(function* (ownGradient) {
      const gradient = ownGradient(nextGradient(stream, where));
      for (let d = 0; d < names.length; d++) {
        yield* owning(function* (ownStep) {
          const step = ownStep(sgdStep(rows, gradient, d, learningRate));
          lengths[d]!.push((yield euclideanNorm([step]))[0]!);
          for (let a = 0; a < alphas.length; a++) {
            moveTo(parameters, () => sub(theta, mul(step, alphas[a]!)) as Tensor1D);
            losses[d]![a]!.push((yield lossOf(part.objective))[0]!);
            progress.advance();
          }
        });
      }
    });
  }
  return {
    analysis: 'stepDecomposition',
    settings: {
      learningRate,
      alphas,
      k,
      batchSize: stream.batchSize,
      minibatches,
      lossExamples: part.examples,
      hessianExamples: found.hessianExamples,
      seed,
    },
    units,
    lossBefore,
    eigenvalues: found.eigenvalues,
    records: names.flatMap((direction, d) =>
      alphas.map((alpha, a) => {
        const changes = spreadOf(
          losses[d]![a]!.map((loss) => (100 * (loss - lossBefore)) / Math.abs(lossBefore)),
        );
        const meanStepLength = Math.abs(alpha) * spreadOf(lengths[d]!).mean;
        return {
          direction,
          alpha,
          lossChange: changes.mean,
          standardDeviation: changes.standardDeviation,
          meanStepLength,
        };
      }),
    ),
  };
}

/** η⟨g, e⟩e for row d of the directions; ηg for d beyond them. */
function sgdStep(rows: Tensor2D, gradient: Tensor1D, d: number, learningRate: number): Tensor1D {
  if (d === rows.shape[0]) return tidy(() => mul(gradient, learningRate) as Tensor1D);
  return tidy(() => {
    const along = reshape(slice(coordinates(rows, gradient), d, 1), []);
    return mul(rowOf(rows, d), mul(along, learningRate)) as Tensor1D;
  });
}
