import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, mul, slice, sub, tidy } from '@tensorflow/tfjs-core';
import type { Schema, Settings } from '../options.js';
import { byDefault, integer, list, mandatory, number, oneOf, readOptions } from '../options.js';
import { coordinates } from '../rows.js';
import { SeededRandom } from '../random.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { DirectionOptions, MinibatchOptions, RunOptions } from './analysis-options.js';
import { directionSchema, minibatchSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { CurvatureProbe } from './curvature-probe.js';
import type { EscapeRule, EscapeVariant } from './escape-variant.js';
import { escapeRule, escapeUpdate, escapeVariants } from './escape-variant.js';
import { moveTo, nextGradient } from './loss-and-gradient.js';
import type { LossSource } from './loss-source.js';
import { owning } from './owning.js';
import { defaultHessianExamples, requirePairs } from './sharpest-directions.js';

/** A variant to run, with its factor f where it has one. */
export interface EscapeVariantChoice {
  readonly variant: EscapeVariant;
  readonly factor?: number;
}

const choiceSchema = {
  variant: mandatory(oneOf(...escapeVariants)),
  factor: number({ from: 0 }),
} satisfies Schema<EscapeVariantChoice>;

/** Settings of {@link escapeAblation}. */
export interface EscapeAblationOptions
  extends DirectionOptions, Omit<MinibatchOptions, 'minibatches'>, RunOptions {
  /** η > 0. */
  readonly learningRate: number;
  /** Which variants: names, or with a factor. Default: normal, onlyTop, constantTop, removeTop. */
  readonly variants?: readonly (EscapeVariant | EscapeVariantChoice)[];
  /** Steps of each variant. Default 1000, as in the paper. */
  readonly steps?: number;
  /** Steps after which the directions are found anew. Default 1, as in the paper: the larger part of the cost. */
  readonly refreshEvery?: number;
  /** How many of the first examples loss and accuracy are taken on. Default 2560. */
  readonly lossExamples?: number;
}

const { batchSize, seed } = minibatchSchema;
const variants = list<EscapeVariant | EscapeVariantChoice>(
  'variants',
  (choice) => typeof choice === 'string' || typeof choice === 'object',
);
const schema = {
  learningRate: mandatory(number({ above: 0 })),
  variants: byDefault(variants, ['normal', 'onlyTop', 'constantTop', 'removeTop']),
  steps: byDefault(integer(1), 1000),
  refreshEvery: byDefault(integer(1), 1),
  lossExamples: byDefault(integer(1), 2560),
  batchSize,
  seed,
  ...directionSchema,
  tol: byDefault(directionSchema.tol, 1e-2),
  ...runSchema,
} satisfies Schema<EscapeAblationOptions>;

type Settled = Settings<EscapeAblationOptions, typeof schema>;

/** One step of a variant. */
export interface EscapeStep {
  /** Steps taken so far: the record is of the parameters before this step. */
  readonly step: number;
  readonly loss: number;
  /** Absent where the model does not tell classes apart. */
  readonly accuracy?: number;
  /** λ₁; where directions are not found anew at each step, the latest. */
  readonly sharpness: number;
  /** ⟨e, g⟩ with e the sharpest direction; its sign is arbitrary. Absent after the last step. */
  readonly gradientAlongTop?: number;
  /** ⟨e, u⟩ for the update u that took the place of g. Absent after the last step. */
  readonly updateAlongTop?: number;
}

/** The steps of one variant. */
export interface EscapeRun extends EscapeRule {
  /** The variant, with its factor where it has one. */
  readonly name: string;
  readonly learningRate: number;
  /** Whether the loss stopped being finite, which ended the run. */
  readonly diverged: boolean;
  readonly records: readonly EscapeStep[];
}

/** What {@link escapeAblation} returns: plain data. */
export interface EscapeAblation {
  readonly analysis: 'escapeAblation';
  readonly settings: {
    readonly learningRate: number;
    readonly steps: number;
    readonly refreshEvery: number;
    readonly k: number;
    readonly batchSize: number | null;
    readonly lossExamples: number | null;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'loss' | 'accuracy' | 'sharpness' | 'alongTop', string>>;
  readonly runs: readonly EscapeRun[];
}

/**
 * How variants of SGD that act only in, or only outside, the sharpest subspace leave a sharp region: from the present
 * parameters each takes N steps θ ← θ − ηu, with u made of the minibatch gradient as {@link escapeVariants} says, on
 * the same sequence of minibatches, while loss, accuracy and λ₁ are followed (§3.4 of the paper: without the part
 * along the top the sharpness grows; along the top alone the loss hardly falls).
 *
 * @param target a model with its training data, or an objective: see {@link AnalysisTarget}
 * @param options see {@link EscapeAblationOptions}; only `learningRate` has no default. `eigenpairs` are those at the
 *   start; later ones are computed
 * @returns plain records, of N + 1 points a variant; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, or eigenpairs that are too few or of another model
 *
 * Parameters are restored bit for bit, also on a throw or abort. Cost: for each step of each variant a gradient, a
 * loss, and every `refreshEvery` steps some 5 Hessian-vector products; a piece of progress is a step. Memory: K + 6
 * vectors of length n, and the search for eigenpairs.
 *
 * @example
 * const { runs } = await escapeAblation({ model, data: { xs, ys } }, { learningRate: 0.05, steps: 10 });
 */
export async function escapeAblation(
  target: AnalysisTarget,
  options: EscapeAblationOptions,
): Promise<EscapeAblation> {
  const settled = readOptions(options, schema, where);
  const rules = settled.variants.map((choice) => {
    const given = typeof choice === 'string' ? { variant: choice } : choice;
    const { variant, factor } = readOptions(given, choiceSchema, where);
    return escapeRule(variant, factor, where);
  });
  return analyse(target, settled, where, 'exclusive', (workplace) => ablate(workplace, rules, settled));
}

const where = 'escapeAblation';

function* ablate(
  { source, own, lease }: Workplace,
  rules: readonly EscapeRule[],
  settled: Settled,
): SolverSteps<EscapeAblation> {
  const { learningRate, steps, refreshEvery, seed, eigenpairs } = settled;
  const many = rules.some(({ variant }) => variant.startsWith('all'));
  const k = settled.k ?? (many ? Math.min(5, source.parameters.size) : 1);
  if (eigenpairs != null) requirePairs(eigenpairs, k, source.parameters.size, where);
  const hessianExamples = settled.hessianExamples ?? defaultHessianExamples(source);
  const probe = own(new CurvatureProbe(source, { ...settled, k, hessianExamples }, where));
  const progress = new ProgressCounter(rules.length * steps, settled.onProgress);
  const plan = { ...settled, progress };
  const runs: EscapeRun[] = [];
  for (const rule of rules) {
    probe.forget();
    lease.rewind();
    if (eigenpairs != null) probe.start(eigenpairs, k);
    runs.push(yield* run(source, probe, rule, plan));
  }
  const { batchSize } = source.minibatches(settled.batchSize, new SeededRandom(seed));
  return {
    analysis: 'escapeAblation',
    settings: { learningRate, steps, refreshEvery, k, batchSize, ...probe.examples, seed },
    units: {
      loss: 'loss',
      accuracy: 'share of the examples',
      sharpness: 'loss per squared distance in parameter space',
      alongTop: 'loss per distance in parameter space',
    },
    runs,
  };
}

type Plan = Settled & { readonly progress: ProgressCounter };

/** Runs one variant from the present parameters. */
function* run(
  source: LossSource,
  probe: CurvatureProbe,
  rule: EscapeRule,
  plan: Plan,
): SolverSteps<EscapeRun> {
  const { parameters } = source;
  const { steps, learningRate, progress } = plan;
  const random = new SeededRandom(plan.seed);
  const stream = source.minibatches(plan.batchSize, random);
  const drops = new SeededRandom(plan.seed + 1);
  const records: EscapeStep[] = [];
  let diverged = false;
  yield* owning(function* (own) {
    let reading = yield* probe.readCurvature();
    const initial = reading && own(slice(reading.rows, [0, 0], [1, parameters.size]));
    for (let step = 0; step <= steps; step++) {
      if (step > 0 && step % plan.refreshEvery === 0) reading = yield* probe.readCurvature();
      const losses = yield* probe.readLoss();
      diverged = reading == null || !Number.isFinite(losses.loss);
      if (diverged || reading == null || initial == null) break;
      const record = { step, ...losses, sharpness: reading.eigenvalues[0]! };
      if (step === steps) {
        records.push(record);
        break;
      }
      const { rows } = reading;
      const along = tidy(() => {
        const gradient = nextGradient(stream, where);
        const update = escapeUpdate(rule, gradient, { present: rows, initial }, drops);
        moveTo(parameters, () => sub(parameters.read(), mul(update, learningRate)));
        return alongTop(rows, gradient, update);
      });
      const [gradientAlongTop, updateAlongTop] = yield along;
      records.push({ ...record, gradientAlongTop, updateAlongTop });
      progress.advance();
    }
  });
  const name = rule.factor == null ? rule.variant : `${rule.variant} ${rule.factor}`;
  return { ...rule, name, learningRate, diverged, records };
}

/** ⟨e, g⟩ and ⟨e, u⟩. */
function alongTop(rows: Tensor2D, gradient: Tensor1D, update: Tensor1D): Tensor1D {
  return tidy(() => {
    const top = slice(rows, [0, 0], [1, -1]);
    return concat([coordinates(top, gradient), coordinates(top, update)]);
  });
}
