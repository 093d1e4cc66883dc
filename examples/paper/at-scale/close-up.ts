import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { GradientAlignment } from '../../../src/analysis/alignment.js';
import { gradientAlignment } from '../../../src/analysis/alignment.js';
import type { EscapeRun } from '../../../src/analysis/escape.js';
import { escapeAblation } from '../../../src/analysis/escape.js';
import type { StepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { stepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { eigenpairsOn } from '../measure.js';
import type { PreparedData } from '../prepared-data.js';
import { forwardPerExample, productPerExample, productsOf, stepPerExample } from './costs.js';
import { pathPoints, peakIndex } from './path-points.js';
import type { TrainingPoint } from './training-point.js';
import type { ScalePlan, TrainingRun } from './training-run.js';

/** The findings that look closer at points of paths, in the order they are done in. */
export const closeUpFindings = ['decompose', 'escape'] as const;

export type CloseUpFinding = (typeof closeUpFindings)[number];

/** What close-ups share. */
export interface CloseUpPlan {
  /** Minibatch gradients that a step or an angle is the mean over. */
  readonly minibatches: number;
  /** Steps of each variant from the peak. */
  readonly escapeSteps: number;
  /** Examples that e₁ is found on after each of them. */
  readonly escapeExamples: number;
}

/** The paper's own, but for the steps of escape, which are 1000 there. */
export const closeUpPlan: CloseUpPlan = { minibatches: 10, escapeSteps: 100, escapeExamples: 256 };

/** Where a unit works. */
export interface CloseUpSite {
  readonly plan: ScalePlan;
  readonly closeUp: CloseUpPlan;
  readonly path: TrainingRun;
  readonly data: PreparedData;
}

/** An analysis of the weights at a point of a path, done in one go. */
export interface CloseUpUnit {
  /** Names it among those of its finding and path. */
  readonly id: string;
  readonly epoch: number;
  /** Processor seconds that it is expected to take. */
  readonly seconds: number;
  /** @param model compiled, with the weights of that point; stays the caller's */
  measure(site: CloseUpSite, model: LayersModel): Promise<unknown>;
}

/**
 * The units of a finding on a path.
 *
 * @param points of the record of the path; none where it has not begun
 */
export function unitsOf(
  finding: CloseUpFinding,
  plan: ScalePlan,
  closeUp: CloseUpPlan,
  points: readonly TrainingPoint[],
): readonly CloseUpUnit[] {
  if (points.length === 0) return [];
  if (finding === 'decompose') {
    return pathPoints(points).map(({ epoch }) => ({
      id: `epoch ${epoch}`,
      epoch,
      seconds: decompositionSeconds(plan, closeUp),
      measure: takeStepsApart,
    }));
  }
  const { epoch } = points[peakIndex(points)]!;
  return escapeVariantNames.map((variant) => ({
    id: `epoch ${epoch}, ${variant}`,
    epoch,
    seconds: escapeSeconds(plan, closeUp),
    measure: (site, model) => escapeFrom(site, model, variant),
  }));
}

/** Claims 2 and 3 at a point: what the parts of the SGD step do, and how far gradients point along the same directions. */
export interface StepsApart {
  /** λ₁ … λ_K, on the larger sample. */
  readonly eigenvalues: readonly number[];
  readonly decomposition: Pick<StepDecomposition, 'lossBefore' | 'records'>;
  readonly alignment: Pick<GradientAlignment, 'records' | 'randomBaseline' | 'expectedRandomBaseline'>;
}

/** Relative residual of the directions. */
const tolerance = 0.03;

async function takeStepsApart(
  { plan, closeUp, path, data }: CloseUpSite,
  model: LayersModel,
): Promise<StepsApart> {
  const sample = { count: plan.checkExamples, examples: data.train, retain: true };
  const eigenpairs = await eigenpairsOn(sample, model, { k: plan.k, tol: tolerance });
  const target = { model, data: data.train };
  const { learningRate, batchSize, seed } = path;
  const shared = { batchSize, seed, eigenpairs, minibatches: closeUp.minibatches };
  try {
    const { lossExamples } = plan;
    const decomposition = await stepDecomposition(target, { ...shared, learningRate, lossExamples });
    const alignment = await gradientAlignment(target, shared);
    const { lossBefore, records } = decomposition;
    const { randomBaseline, expectedRandomBaseline } = alignment;
    return {
      eigenvalues: Array.from(eigenpairs.eigenvalues),
      decomposition: { lossBefore, records },
      alignment: { records: alignment.records, randomBaseline, expectedRandomBaseline },
    };
  } finally {
    eigenpairs.dispose();
  }
}

/** Claim 4: the variants that leave out the top directions, or all else. */
const escapeVariantNames = ['normal', 'onlyTop', 'constantTop', 'removeTop'] as const;

/** Steps of a variant from the peak. */
export type Escape = Pick<EscapeRun, 'name' | 'diverged' | 'records'>;

async function escapeFrom(
  { plan, closeUp, path, data }: CloseUpSite,
  model: LayersModel,
  variant: (typeof escapeVariantNames)[number],
): Promise<Escape> {
  const { runs } = await escapeAblation(
    { model, data: data.train },
    {
      learningRate: path.learningRate,
      batchSize: path.batchSize,
      variants: [variant],
      steps: closeUp.escapeSteps,
      hessianExamples: closeUp.escapeExamples,
      lossExamples: plan.lossExamples,
      tol: tolerance,
      seed: path.seed,
    },
  );
  const { name, diverged, records } = runs[0]!;
  return { name, diverged, records };
}

function escapeSeconds(plan: ScalePlan, { escapeSteps, escapeExamples }: CloseUpPlan): number {
  const step = productsOf(1) * escapeExamples * productPerExample + plan.lossExamples * forwardPerExample;
  return (escapeSteps * step) / 1000;
}

function decompositionSeconds(plan: ScalePlan, { minibatches }: CloseUpPlan): number {
  const { k, checkExamples, lossExamples, train } = plan;
  // A search that begins from nothing takes some twice as many products.
  const directions = 2 * productsOf(k) * checkExamples * productPerExample;
  // Seven α along each direction, a random one and the whole step.
  const losses = 7 * (k + 2) * minibatches * lossExamples * forwardPerExample;
  return (directions + losses + train * stepPerExample) / 1000;
}
