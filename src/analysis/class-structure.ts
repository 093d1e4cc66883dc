import { concat, matMul, reshape, tidy } from '@tensorflow/tfjs-core';
import { traceSteps } from '../estimators/trace.js';
import { requireSplits } from '../objectives/objective.js';
import { GaussNewtonOperator } from '../operators/gauss-newton.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, integer, number, oneOf, readOptions } from '../options.js';
import { SeededRandom } from '../random.js';
import { lanczosSteps } from '../solvers/lanczos.js';
import type { EigenStatus } from '../solvers/result.js';
import { symmetricEigen } from '../symmetric-eigen.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { RunOptions } from './analysis-options.js';
import { ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import type { ClassGroup, ClassLevel } from './class-means.js';
import { classMeans } from './class-means.js';
import { defaultHessianExamples } from './sharpest-directions.js';

/** Settings of {@link classStructure}. */
export interface ClassStructureOptions extends RunOptions {
  /**
   * Which gradients are averaged: those of all examples of a class, `'class'`, the default, C means; or by the class they
   * are taken for besides, `'crossClass'`, C(C - 1) means.
   */
  readonly level?: ClassLevel;
  /** Eigenpairs of G. Default as many as there are classes. */
  readonly k?: number;
  /** Relative residual of these. Default 1e-2. */
  readonly tol?: number;
  /** Standard error of the trace of G to reach, relative to it. Default 0.05; 100 products are spent on it at most. */
  readonly traceTol?: number;
  /** Examples drawn at random. Default: 5 % of all, at least 256. */
  readonly hessianExamples?: number;
  /** Seed of the sample, the start vector and the probes. Default 0. */
  readonly seed?: number;
}

const schema = {
  level: byDefault(oneOf('class', 'crossClass'), 'class'),
  k: integer(1),
  tol: byDefault(number({ above: 0, below: 1 }), 1e-2),
  traceTol: byDefault(number({ above: 0 }), 0.05),
  hessianExamples: integer(1),
  seed: byDefault(anyInteger, 0),
  ...runSchema,
} satisfies Schema<ClassStructureOptions>;

type Plan = Settings<ClassStructureOptions, typeof schema>;

/** What {@link classStructure} returns: plain data. */
export interface ClassStructure {
  readonly analysis: 'classStructure';
  readonly settings: {
    readonly level: ClassLevel;
    readonly tol: number;
    readonly traceTol: number;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'eigenvalues' | 'betweenEigenvalues' | 'trace', string>>;
  /** C, the number of classes. */
  readonly classes: number;
  /** λ_1 ≥ … ≥ λ_k of the Gauss-Newton matrix G. */
  readonly eigenvalues: readonly number[];
  /** ‖Gv - λv‖₂ of each. */
  readonly residualNorms: readonly number[];
  /** For each eigenvector v of G, ‖Pv‖² with P the projection on the span of the class means: 1 for one within it. */
  readonly overlaps: readonly number[];
  /** Eigenvalues of the second moment of the class means, the largest first: those of the outliers, if they are between classes. */
  readonly betweenEigenvalues: readonly number[];
  /** tr G, with its standard error. */
  readonly trace: number;
  readonly traceError: number;
  /** The trace of the second moment of the class means: what of tr G lies between them. */
  readonly betweenTrace: number;
  /** Each mean: its class, the class it is taken for or null, its weight w and ‖ḡ‖. */
  readonly means: readonly (ClassGroup & { readonly weight: number; readonly norm: number })[];
  /** How the search for eigenpairs ended. */
  readonly status: EigenStatus;
  /** Products with G spent. */
  readonly numMatvecs: number;
}

/**
 * Why the Gauss-Newton matrix of a classifier has about as many outliers as there are classes: its second moment of gradients
 * is mostly one of class means.
 *
 *     G = Σᵢ Σ_c′ ωᵢ p_ic′ g_icc′ g_icc′ᵀ,   g_icc′ = ∇_θ(-log p_c′) of example i of class c
 *     = Σ_c w_c ḡ_c ḡ_cᵀ  (between classes)  +  what is left within them and has c′ = c
 *
 * with ωᵢ the share of an example in the loss, ḡ_c the mean of the gradients of class c over all c′ ≠ c with these
 * weights, and w_c their sum. The eigenvalues of the first part, of rank C, are put beside the largest of G, and the
 * eigenvectors of G are projected on the span of the ḡ_c. With `level: 'crossClass'` the same with a mean for each c and c′.
 *
 * @param target a classifier with its training data, or an objective that knows its logits: see {@link AnalysisTarget}
 * @param options see {@link ClassStructureOptions}
 * @returns plain records; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, a loss that is no softmax cross-entropy of one output, weights of
 *   examples below 0
 *
 * Parameters stay as they are. Cost: a backward sweep for each mean and batch, some 3k + 6 products with G for the pairs,
 * and up to 100 for the trace; a piece of progress is the means of a batch, the pairs, or the trace. Memory: C + k vectors
 * of length n, C(C - 1) + k for `'crossClass'`, and what `lanczos` takes.
 *
 * Source: Papyan 2020, "Traces of Class/Cross-Class Structure Pervade Deep Learning Spectra", JMLR 21, section 3.
 *
 * @example
 * const { eigenvalues, betweenEigenvalues, overlaps } = await classStructure({ model, data: { xs, ys } });
 */
export async function classStructure(
  target: AnalysisTarget,
  options: ClassStructureOptions = {},
): Promise<ClassStructure> {
  const plan = readOptions(options, schema, where);
  return analyse(target, plan, where, 'shared', (workplace) => measure(workplace, plan));
}

const where = 'classStructure';

/** Eigenvalues of a Gram matrix in float32 under this share of the largest are rounding. */
const ROUNDING = 1e-5;

function* measure({ source, own }: Workplace, plan: Plan): SolverSteps<ClassStructure> {
  const { level, tol, traceTol, seed } = plan;
  const count = plan.hessianExamples ?? defaultHessianExamples(source);
  const sample = own(source.sample(count, new SeededRandom(seed)));
  const { objective } = sample;
  requireSplits(objective, where);
  const progress = new ProgressCounter(objective.terms.length + 2, plan.onProgress);
  const means = own(yield* classMeans(objective, level, () => progress.advance(), where));
  const { groups, weights, rows, classes } = means;
  const operator = own(new GaussNewtonOperator(objective));
  const k = Math.min(plan.k ?? classes, operator.size);
  const found = own(yield* lanczosSteps(operator, { k, tol, seed }, where));
  progress.advance();
  const size = groups.length;
  const read = yield tidy(() =>
    concat(
      [matMul(rows, rows, false, true), matMul(rows, found.eigenvectors, false, true)].map((product) =>
        reshape(product, [product.size]),
      ),
    ),
  );
  const gram = (i: number, j: number): number => read[i * size + j]!;
  const along = (i: number, j: number): number => read[size * size + i * k + j]!;
  const between = symmetricEigen(size, gram, 'LA');
  const isRounding = (value: number): boolean => value <= ROUNDING * between.values[0]!;
  const overlapOf = (j: number): number =>
    between.vectors.reduce((total, u, q) => {
      const value = between.values[q]!;
      if (isRounding(value)) return total;
      return total + u.reduce((part, entry, i) => part + entry * along(i, j), 0) ** 2 / value;
    }, 0);
  const total = yield* traceSteps(operator, { tol: traceTol, maxMatvecs: 100, seed }, where);
  progress.advance();
  return {
    analysis: 'classStructure',
    settings: { level, tol, traceTol, hessianExamples: sample.examples, seed },
    units: {
      eigenvalues: 'loss per squared distance in parameter space',
      betweenEigenvalues: 'the same',
      trace: 'the same, summed over the parameters',
    },
    classes,
    eigenvalues: Array.from(found.eigenvalues),
    residualNorms: Array.from(found.residualNorms),
    overlaps: Array.from(found.eigenvalues, (_, j) => overlapOf(j)),
    betweenEigenvalues: Array.from(between.values, (value) => Math.max(value, 0)),
    trace: total.value,
    traceError: total.standardError,
    betweenTrace: groups.reduce((sum, _, g) => sum + gram(g, g), 0),
    means: groups.map((group, g) => ({
      ...group,
      weight: weights[g]!,
      norm: weights[g] === 0 ? 0 : Math.sqrt(gram(g, g) / weights[g]!),
    })),
    status: found.status,
    numMatvecs: found.numMatvecs + total.numMatvecs,
  };
}
