import type { Tensor1D } from '@tensorflow/tfjs-core';
import { stack, tidy } from '@tensorflow/tfjs-core';
import { traceSteps } from '../estimators/trace.js';
import { HessianOperator } from '../operators/hessian.js';
import type { ParameterOperator } from '../operators/subset.js';
import { blocks } from '../operators/subset.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, integer, number, readOptions } from '../options.js';
import { SeededRandom } from '../random.js';
import { euclideanNorm } from '../rows.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenStatus } from '../solvers/result.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { RunOptions } from './analysis-options.js';
import { directionSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { defaultHessianExamples } from './sharpest-directions.js';

/** Settings of {@link layerReport}. */
export interface LayerReportOptions extends RunOptions {
  /** Relative residual of the eigenpair of each layer. Default 1e-2: the eigenvalue is better by its square. */
  readonly tol?: number;
  /** Standard error of each trace to reach, relative to it. Default 0.05; 100 products are spent on one at most. */
  readonly traceTol?: number;
  /** Examples drawn at random for the Hessian. Default: 5 % of all, at least 256. */
  readonly hessianExamples?: number;
  /** Seed of the sample, the start vectors and the probes. Default 0. */
  readonly seed?: number;
}

const schema = {
  tol: byDefault(directionSchema.tol, 1e-2),
  traceTol: byDefault(number({ above: 0 }), 0.05),
  hessianExamples: integer(1),
  seed: byDefault(anyInteger, 0),
  ...runSchema,
} satisfies Schema<LayerReportOptions>;

type Plan = Settings<LayerReportOptions, typeof schema>;

/** One layer. H_l is the block of the Hessian that belongs to its trainable weights. */
export interface LayerRecord {
  /** The name that its variables share, up to the last '/'. */
  readonly layer: string;
  /** n_l, its trainable parameters. */
  readonly parameters: number;
  /** λ₁(H_l) */
  readonly sharpness: number;
  /** ‖H_l v − λ₁ v‖₂ of its eigenvector. */
  readonly residualNorm: number;
  /** tr H_l */
  readonly trace: number;
  /** Standard error of the trace. */
  readonly traceError: number;
  /** tr H_l / n_l, the mean of its eigenvalues. */
  readonly tracePerParameter: number;
  /** Norm of its part of the gradient. */
  readonly gradientNorm: number;
  /** Norm of its weights. */
  readonly weightNorm: number;
  /** How the search for λ₁ ended. */
  readonly status: EigenStatus;
  /** Hessian-vector products spent on it. */
  readonly numMatvecs: number;
}

/** What {@link layerReport} returns: plain data. */
export interface LayerReport {
  readonly analysis: 'layerReport';
  readonly settings: {
    readonly tol: number;
    readonly traceTol: number;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'sharpness' | 'trace' | 'gradientNorm' | 'weightNorm', string>>;
  readonly loss: number;
  /** In the order of the model's variables. */
  readonly records: readonly LayerRecord[];
}

/**
 * The curvature of every layer by itself: the largest eigenvalue λ₁ and the trace of its diagonal block of the Hessian,
 * with the norms of its gradient and weights. Layers of small curvature bear a coarser number format: Hessian-aware
 * quantisation gives few bits to layers with a small λ₁ (Dong, Yao, Gholami, Mahoney & Keutzer, "HAWQ", ICCV 2019), or a
 * small tr H_l / n_l (Dong et al., "HAWQ-V2", NeurIPS 2020, section 3).
 *
 * @param target a model with its training data, or an objective: see {@link AnalysisTarget}
 * @param options see {@link LayerReportOptions}
 * @returns plain records; nothing to dispose. A layer whose products are not finite has NaN and says so in `status`
 * @throws CurvatureArgumentError for options out of range
 *
 * Parameters stay as they are. Cost: some 8 to 120 Hessian-vector products a layer, a product of the whole Hessian each,
 * most for the trace; a piece of progress is an eigenpair or a trace. Memory: that of `lanczos` and `trace` for one layer at a time.
 *
 * @example
 * const { records } = await layerReport({ model, data: { xs, ys } });
 * const flattest = records.reduce((a, b) => (a.tracePerParameter < b.tracePerParameter ? a : b)).layer;
 */
export async function layerReport(
  target: AnalysisTarget,
  options: LayerReportOptions = {},
): Promise<LayerReport> {
  const plan = readOptions(options, schema, where);
  return analyse(target, plan, where, 'shared', (workplace) => measure(workplace, plan));
}

const where = 'layerReport';

function* measure({ source, own }: Workplace, plan: Plan): SolverSteps<LayerReport> {
  const count = plan.hessianExamples ?? defaultHessianExamples(source);
  const sample = own(source.sample(count, new SeededRandom(plan.seed)));
  const hessian = own(new HessianOperator(sample.objective));
  const [loss] = yield hessian.lossTensor();
  const layers = [...blocks(hessian)];
  const progress = new ProgressCounter(2 * layers.length, plan.onProgress);
  const records: LayerRecord[] = [];
  for (const [layer, block] of layers) {
    records.push(yield* recordOf(layer, block, hessian, plan, progress));
  }
  return {
    analysis: 'layerReport',
    settings: {
      tol: plan.tol,
      traceTol: plan.traceTol,
      hessianExamples: sample.examples,
      seed: plan.seed,
    },
    units: {
      sharpness: 'loss per squared distance in parameter space',
      trace: 'the same, summed over the parameters',
      gradientNorm: 'loss per distance in parameter space',
      weightNorm: 'distance in parameter space',
    },
    loss: loss!,
    records,
  };
}

function* recordOf(
  layer: string,
  block: ParameterOperator,
  hessian: HessianOperator,
  { tol, traceTol, seed }: Plan,
  progress: ProgressCounter,
): SolverSteps<LayerRecord> {
  const sharpest = yield* lanczosSteps(block, { tol, seed }, where);
  sharpest.dispose();
  progress.advance();
  const sum = yield* traceSteps(block, { tol: traceTol, seed }, where);
  progress.advance();
  const [gradientNorm, weightNorm] = yield tidy(() => {
    const { variables } = block.parameters;
    const whole = hessian.parameters.unflatten(hessian.gradient());
    const gradient = variables.map((variable) => whole[hessian.parameters.variables.indexOf(variable)]!);
    return stack([gradient, variables].map(euclideanNorm)) as Tensor1D;
  });
  return {
    layer,
    parameters: block.size,
    sharpness: sharpest.eigenvalues[0]!,
    residualNorm: sharpest.residualNorms[0]!,
    trace: sum.value,
    traceError: sum.standardError,
    tracePerParameter: sum.value / block.size,
    gradientNorm: gradientNorm!,
    weightNorm: weightNorm!,
    status: sharpest.status,
    numMatvecs: sharpest.numMatvecs + sum.numMatvecs,
  };
}
