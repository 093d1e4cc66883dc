import { scalar } from '@tensorflow/tfjs-core';
import { aliasTensor } from '../tfjs/engine.js';
import { requireArgument } from '../errors.js';
import type { Check, Schema, Settings } from '../options.js';
import {
  anyInteger,
  byDefault,
  callable,
  either,
  integer,
  integers,
  mandatory,
  number,
  numbers,
  readOptions,
  requireIs,
} from '../options.js';
import { outsideLeases } from '../objectives/parameter-lease.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { RunOptions } from './analysis-options.js';
import { directionSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { ModelTarget } from './analysis-target.js';
import { CurvatureProbe } from './curvature-probe.js';
import { distanceBetween } from './distance-travelled.js';
import { HeavyBall } from './heavy-ball.js';
import type { LossSource } from './loss-source.js';
import { owning } from './owning.js';
import { defaultHessianExamples } from './sharpest-directions.js';

/** Settings of {@link noiseGrid}. */
export interface NoiseGridOptions extends RunOptions {
  /** The η, each > 0. The paper's: 0.1, 0.01, 0.001 at S = 128. */
  readonly learningRates: readonly number[];
  /** The S, each from 1 to the number of examples. The paper's: 8, 128, 1024 at η = 0.05. */
  readonly batchSizes: readonly number[];
  /** Steps of each run, or of a run with batch size S: `(S) => epochs * N / S` for equal epochs. */
  readonly steps: number | ((batchSize: number) => number);
  /** Steps between measurements, or for a run with batch size S. Default: a 20th of the steps, at least 1. */
  readonly measureEvery?: number | ((batchSize: number) => number);
  /** μ of heavy-ball momentum, 0 ≤ μ < 1. Default 0. */
  readonly momentum?: number;
  /** Eigenvalues measured. Default 1; the paper's grids follow 5. */
  readonly k?: number;
  /** How many of the first examples loss and accuracy are taken on. Default 2560. */
  readonly lossExamples?: number;
  /** Examples drawn at random for the Hessian. Default: 5 % of all, at least 256. */
  readonly hessianExamples?: number;
  /** Relative residual of the eigenpairs. Default 1e-2: eigenvalues are better by its square. */
  readonly tol?: number;
  /** Seed of minibatches and samples: equal in all runs. Default 0. */
  readonly seed?: number;
}

const perBatchSize: Check<number | ((batchSize: number) => number)> = either(integer(1), callable());

/** The schema of {@link NoiseGridOptions}. */
export const noiseGridSchema = {
  learningRates: mandatory(numbers({ above: 0 })),
  batchSizes: mandatory(integers(1)),
  steps: mandatory(perBatchSize),
  measureEvery: perBatchSize,
  momentum: byDefault(number({ from: 0, below: 1 }), 0),
  k: byDefault(integer(1), 1),
  lossExamples: byDefault(integer(1), 2560),
  hessianExamples: integer(1),
  tol: byDefault(directionSchema.tol, 1e-2),
  seed: byDefault(anyInteger, 0),
  ...runSchema,
} satisfies Schema<NoiseGridOptions>;

type Settled = Settings<NoiseGridOptions, typeof noiseGridSchema>;

/** A measurement during a run. */
export interface NoiseGridRecord {
  readonly step: number;
  readonly loss: number;
  /** Absent where the model does not tell classes apart. */
  readonly accuracy?: number;
  /** λ₁ */
  readonly sharpness: number;
  /** λ₁ ≥ … ≥ λ_k */
  readonly eigenvalues: readonly number[];
  /** ‖θ − θ₀‖₂ */
  readonly distance: number;
}

/** A run of the grid. */
export interface NoiseGridRun {
  readonly name: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly steps: number;
  /** Whether the loss stopped being finite, which ended the run. */
  readonly diverged: boolean;
  readonly records: readonly NoiseGridRecord[];
  /** Highest sharpness measured, and where. */
  readonly peak: { readonly step: number; readonly sharpness: number };
}

/** What {@link noiseGrid} returns: plain data. */
export interface NoiseGrid {
  readonly analysis: 'noiseGrid';
  readonly settings: {
    readonly learningRates: readonly number[];
    readonly batchSizes: readonly number[];
    readonly momentum: number;
    readonly k: number;
    readonly lossExamples: number | null;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'loss' | 'accuracy' | 'sharpness' | 'distance', string>>;
  readonly runs: readonly NoiseGridRun[];
}

/**
 * Sharpness along SGD for every pair of a learning rate and a batch size, all from the present parameters: the less
 * noise (small η, large S), the sharper the regions SGD visits (§3.1 of the paper).
 *
 * @param target a model with its training data. Data augmentation and moving averages of batch normalisation are not
 *   part of the runs: steps follow the gradient of the model's loss as `target.objective` says
 * @param options see {@link NoiseGridOptions}
 * @returns plain records that `sharpnessChart` draws; nothing to dispose
 * @throws CurvatureArgumentError for options out of range
 *
 * Parameters are restored bit for bit, also on a throw or abort. Cost: for each run `steps` gradients, and some 10 + 5k
 * Hessian-vector products a measurement; a piece of progress is a measurement. Memory: k + 6 vectors of length n.
 *
 * @example
 * const { runs } = await noiseGrid(
 *   { model, data: { xs, ys } },
 *   { learningRates: [0.1, 0.01, 0.001], batchSizes: [8, 16], steps: 10 },
 * );
 */
export async function noiseGrid(target: ModelTarget, options: NoiseGridOptions): Promise<NoiseGrid> {
  const settled = readOptions(options, noiseGridSchema, where);
  const isTarget = target != null && typeof target === 'object' && 'model' in target;
  requireArgument(isTarget, where, 'a target {model, data}', target);
  return analyse(target, settled, where, 'exclusive', (workplace) => runGrid(workplace, settled));
}

const where = 'noiseGrid';

function* runGrid({ source, own, lease }: Workplace, settled: Settled): SolverSteps<NoiseGrid> {
  const { learningRates, batchSizes, momentum, k, seed } = settled;
  const cells = learningRates.flatMap((learningRate) =>
    batchSizes.map((batchSize) => cellOf(source, settled, learningRate, batchSize)),
  );
  const hessianExamples = settled.hessianExamples ?? defaultHessianExamples(source);
  const total = cells.reduce((sum, cell) => sum + Math.ceil(cell.steps / cell.measureEvery) + 1, 0);
  const progress = new ProgressCounter(total, settled.onProgress);
  const probe = own(new CurvatureProbe(source, { ...settled, hessianExamples }, where));
  const runs: NoiseGridRun[] = [];
  for (const cell of cells) {
    probe.forget();
    lease.rewind();
    runs.push(yield* run(source, probe, { ...cell, momentum, seed, progress }));
  }
  return {
    analysis: 'noiseGrid',
    settings: { learningRates, batchSizes, momentum, k, ...probe.examples, seed },
    units: {
      loss: 'loss',
      accuracy: 'share of the examples',
      sharpness: 'loss per squared distance in parameter space',
      distance: 'Euclidean distance in parameter space',
    },
    runs,
  };
}

interface Cell {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly measureEvery: number;
}

function cellOf(source: LossSource, settled: Settled, learningRate: number, batchSize: number): Cell {
  const length = lengthOf(settled, batchSize, where);
  // Throws for a batch size that there are too few examples for.
  source.minibatches(batchSize, new SeededRandom());
  return { learningRate, batchSize, ...length };
}

/** Steps of a run with a batch size, and steps between its measurements. */
export function lengthOf(
  settled: Pick<Settled, 'steps' | 'measureEvery'>,
  batchSize: number,
  where: string,
): { readonly steps: number; readonly measureEvery: number } {
  const at = (value: number | ((batchSize: number) => number)): number =>
    typeof value === 'function' ? Math.round(outsideLeases(() => value(batchSize))) : value;
  const steps = at(settled.steps);
  requireIs(steps, integer(1), 'steps', where);
  const measureEvery = at(settled.measureEvery ?? Math.max(1, Math.floor(steps / 20)));
  requireIs(measureEvery, integer(1), 'measureEvery', where);
  return { steps, measureEvery };
}

type Plan = Cell & { readonly momentum: number; readonly seed: number; readonly progress: ProgressCounter };

/** Runs one cell from the present parameters. */
function* run(source: LossSource, probe: CurvatureProbe, plan: Plan): SolverSteps<NoiseGridRun> {
  const { parameters } = source;
  const { learningRate, batchSize, steps, measureEvery } = plan;
  const records: NoiseGridRecord[] = [];
  let diverged = false;
  yield* owning(function* (own) {
    const origin = parameters.variables.map((variable) => own(aliasTensor(variable)));
    const stream = source.minibatches(batchSize, new SeededRandom(plan.seed));
    const descent = own(new HeavyBall(source.parameters, stream, plan));
    for (let step = 0; ; step++) {
      if (step % measureEvery === 0 || step === steps) {
        const reading = yield* probe.readCurvature();
        const losses = yield* probe.readLoss();
        const distance = (yield distanceBetween(parameters.variables, origin))[0]!;
        diverged = reading == null || !Number.isFinite(losses.loss);
        plan.progress.advance();
        if (diverged || reading == null) return;
        const { eigenvalues } = reading;
        records.push({ step, ...losses, sharpness: eigenvalues[0]!, eigenvalues, distance });
      }
      if (step === steps) return;
      descent.step();
      // A turn for other tasks, and for the signal, between two measurements.
      yield scalar(0);
    }
  });
  const highest = records.reduce<NoiseGridRecord | null>(
    (best, record) => (best == null || record.sharpness > best.sharpness ? record : best),
    null,
  );
  const peak = { step: highest?.step ?? 0, sharpness: highest?.sharpness ?? NaN };
  return {
    name: `η = ${learningRate}, S = ${batchSize}`,
    learningRate,
    batchSize,
    steps,
    diverged,
    records,
    peak,
  };
}
