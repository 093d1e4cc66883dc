import type { Tensor1D } from '@tensorflow/tfjs-core';
import { add, tensor1d } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';
import type { Schema, Settings } from '../options.js';
import { anyInteger, byDefault, check, integer, mandatory, number, oneOf, readOptions } from '../options.js';
import { combination } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import { analyse } from './analyse.js';
import type { DirectionOptions, RunOptions } from './analysis-options.js';
import { directionSchema, ProgressCounter, runSchema } from './analysis-options.js';
import type { AnalysisTarget } from './analysis-target.js';
import { lossOf, moveTo } from './loss-and-gradient.js';
import type { Plane, PlaneChoice } from './plane.js';
import { layPlane } from './plane.js';

/** Settings of {@link lossSurface}. */
export interface LossSurfaceOptions extends Omit<DirectionOptions, 'k'>, RunOptions {
  /**
   * Which plane of parameter space: along the two sharpest directions, along two random ones, along the rows of
   * `directions` [2, n], or through three `points` [n]. The tensors stay the caller's.
   */
  readonly plane: PlaneChoice;
  /**
   * How far the surface reaches, > 0. From the present parameters along each direction, in its lengths. With `points`:
   * beyond their smallest rectangle, in shares of its longer side.
   */
  readonly extent: number;
  /** Points along each axis, 1000 at most. Default 25; an odd number takes in the present parameters. */
  readonly steps?: number;
  /**
   * 'filter' gives the directions the size of the weights, filter by filter, so that surfaces of different nets can be
   * compared (Li et al. 2018): a filter is what belongs to one entry of a variable's last axis, and variables with fewer
   * than two axes stay where they are. Default: 'filter' for random directions, else 'none'. Not with `points`.
   */
  readonly normalise?: 'filter' | 'none';
  /** How many of the first examples the loss is taken on. Default 1280. */
  readonly lossExamples?: number;
  /** Seed of random directions and of the examples for the Hessian. Default 0. */
  readonly seed?: number;
}

const planeChoice = check<PlaneChoice>(
  "{name} 'eigenvectors', 'random', {directions} or {points}",
  (value) =>
    value === 'eigenvectors' ||
    value === 'random' ||
    (typeof value === 'object' &&
      value !== null &&
      Object.keys(value).length === 1 &&
      ('directions' in value || 'points' in value)),
);

const { eigenpairs, hessianExamples, tol } = directionSchema;

const schema = {
  plane: mandatory(planeChoice),
  extent: mandatory(number({ above: 0 })),
  steps: byDefault(integer(2, 1000), 25),
  normalise: oneOf('filter', 'none'),
  lossExamples: byDefault(integer(1), 1280),
  seed: byDefault(anyInteger, 0),
  eigenpairs,
  hessianExamples,
  tol,
  ...runSchema,
} satisfies Schema<LossSurfaceOptions>;

type Plan = Settings<LossSurfaceOptions, typeof schema>;

/** A place on the surface. */
export interface SurfacePoint {
  readonly x: number;
  readonly y: number;
  readonly loss: number;
}

/** What {@link lossSurface} returns: plain data. A loss that overflowed is Infinity or NaN. */
export interface LossSurface {
  readonly analysis: 'lossSurface';
  readonly settings: {
    readonly plane: 'eigenvectors' | 'random' | 'directions' | 'points';
    readonly normalise: 'filter' | 'none';
    readonly extent: number;
    readonly steps: number;
    readonly lossExamples: number | null;
    readonly hessianExamples: number | null;
    readonly seed: number;
  };
  readonly units: Readonly<Record<'xs' | 'ys' | 'losses', string>>;
  /** λ₁ ≥ λ₂ of a plane of eigenvectors, else null. */
  readonly eigenvalues: readonly number[] | null;
  /** The present parameters, at (0, 0); or the three points in their order. */
  readonly points: readonly SurfacePoint[];
  /** Ascending. */
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** L(θ(x, y)): a row for each y, in it a number for each x. */
  readonly losses: readonly (readonly number[])[];
}

/**
 * The loss on a plane of parameter space:
 *
 *     L(θ + x·a + y·b)
 *
 * for x and y on a grid. With 'eigenvectors' a and b are e₁ and e₂, of length 1; with 'random' two random directions with
 * the size of the weights, filter by filter (Li, Xu, Taylor, Studer & Goldstein 2018, section 4); or the rows given; or,
 * with `points`, the orthonormal axes of the plane through three solutions, the first at (0, 0) and the second on the
 * x-axis (Garipov, Izmailov, Podoprikhin, Vetrov & Wilson 2018, appendix).
 *
 * Moving averages of batch normalisation stay as they are everywhere on the plane.
 *
 * @param target a model with its training data, or an objective: see {@link AnalysisTarget}
 * @param options see {@link LossSurfaceOptions}; `plane` and `extent` have no default
 * @returns plain records that `contourChart` and `reliefChart` of `tfjs-curvature/plot` draw; nothing to dispose
 * @throws CurvatureArgumentError for options out of range, directions that are parallel or zero, points on a line,
 *   tensors of another model, and `normalise` with points
 *
 * Parameters are restored bit for bit, also on a throw or abort. Cost: steps² + 1 losses, three more with `points`, and
 * the eigenpairs unless given; a piece of progress is a loss. Memory: 6 vectors of length n.
 *
 * @example
 * const surface = await lossSurface({ model, data: { xs, ys } }, { plane: 'random', extent: 1, steps: 11 });
 * const lowest = Math.min(...surface.losses.flat());
 */
export async function lossSurface(target: AnalysisTarget, options: LossSurfaceOptions): Promise<LossSurface> {
  const plan = readOptions(options, schema, where);
  const throughPoints = typeof plan.plane === 'object' && 'points' in plan.plane;
  requireThat(
    !throughPoints || plan.normalise === undefined,
    where,
    'no normalise with plane.points, which stay where they are',
    `normalise '${plan.normalise}'`,
  );
  return analyse(target, plan, where, 'exclusive', (workplace) => measure(workplace, plan));
}

const where = 'lossSurface';

function* measure(workplace: Workplace, plan: Plan): SolverSteps<LossSurface> {
  const { source, own } = workplace;
  const normalise = plan.normalise ?? (plan.plane === 'random' ? 'filter' : 'none');
  const plane = yield* layPlane(workplace, { ...plan, normalise }, where);
  const { xs, ys } = gridOf(plane, plan);
  const part = own(source.first(plan.lossExamples));
  const progress = new ProgressCounter(xs.length * ys.length + plane.marks.length, plan.onProgress);
  function* lossAt(x: number, y: number): SolverSteps<number> {
    moveTo(source.parameters, () => add(plane.origin, combination(plane.axes, tensor1d([x, y]))) as Tensor1D);
    const loss = (yield lossOf(part.objective))[0]!;
    progress.advance();
    return loss;
  }
  const points: SurfacePoint[] = [];
  for (const [x, y] of plane.marks) points.push({ x, y, loss: yield* lossAt(x, y) });
  const losses: number[][] = [];
  for (const y of ys) {
    const row: number[] = [];
    for (const x of xs) row.push(yield* lossAt(x, y));
    losses.push(row);
  }
  return {
    analysis: 'lossSurface',
    settings: {
      plane: typeof plan.plane === 'string' ? plan.plane : 'points' in plan.plane ? 'points' : 'directions',
      normalise,
      extent: plan.extent,
      steps: plan.steps,
      lossExamples: part.examples,
      hessianExamples: plane.hessianExamples,
      seed: plan.seed,
    },
    units: { xs: 'lengths of the first axis', ys: 'lengths of the second axis', losses: 'loss' },
    eigenvalues: plane.eigenvalues,
    points,
    xs,
    ys,
    losses,
  };
}

/** The coordinates of the grid: around the present parameters, or around the points. */
function gridOf({ marks }: Plane, { extent, steps }: Plan): { xs: number[]; ys: number[] } {
  const [xRange, yRange] = ([0, 1] as const).map((axis) => {
    const at = marks.map((mark) => mark[axis]);
    return { low: Math.min(...at), high: Math.max(...at) };
  }) as [Range, Range];
  // A single mark has no size: the extent is then in lengths of the axes.
  const longer = Math.max(xRange.high - xRange.low, yRange.high - yRange.low);
  const margin = extent * (longer === 0 ? 1 : longer);
  const ticks = ({ low, high }: Range): number[] => {
    const middle = (low + high) / 2;
    const reach = (high - low) / 2 + margin;
    // Symmetric around the middle, which an odd number of steps takes in exactly.
    return Array.from({ length: steps }, (_, i) => middle + reach * ((2 * i) / (steps - 1) - 1));
  };
  return { xs: ticks(xRange), ys: ticks(yRange) };
}

interface Range {
  readonly low: number;
  readonly high: number;
}
