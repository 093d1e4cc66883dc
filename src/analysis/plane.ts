import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { concat, matMul, reshape, stack, sub, tidy } from '@tensorflow/tfjs-core';
import { CurvatureArgumentError, requireArgument, requireThat } from '../errors.js';
import type { ParameterSpace } from '../parameters.js';
import { requireVector } from '../parameters.js';
import { SeededRandom } from '../random.js';
import { coordinates, euclideanNorm, requireRows, rowOf, scaleAlong, unitVector } from '../rows.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { Workplace } from './analyse.js';
import type { DirectionSettings } from './analysis-options.js';
import { filterNormalised } from './filter-normalised.js';
import { randomDirection } from './random-direction.js';
import { sharpestDirections } from './sharpest-directions.js';

/**
 * Which plane of parameter space is looked at: along e₁ and e₂; along two random directions; along the two rows of
 * `directions` [2, n]; or through three `points` θ [n], such as the ends of three trainings.
 */
export type PlaneChoice =
  'eigenvectors' | 'random' | { readonly directions: Tensor2D } | { readonly points: readonly Tensor1D[] };

/** The plane θ(x, y) = origin + x·a + y·b. What it holds is owned by the analysis. */
export interface Plane {
  /** [n] */
  readonly origin: Tensor1D;
  /** a and b, as rows [2, n]. */
  readonly axes: Tensor2D;
  /** (x, y) of the present parameters, or of the three points. */
  readonly marks: readonly (readonly [x: number, y: number])[];
  /** λ₁ ≥ λ₂ of a plane of eigenvectors. */
  readonly eigenvalues: readonly number[] | null;
  readonly hessianExamples: number | null;
}

/** What {@link layPlane} is told. */
export interface PlanePlan extends Omit<DirectionSettings, 'k'> {
  readonly plane: PlaneChoice;
  readonly normalise: 'filter' | 'none';
  readonly seed: number;
}

/** sin² of the angle under which two directions count as parallel: what float32 rounding makes of parallel ones is less. */
const PARALLEL = 1e-6;

/** The plane that a plan asks for. */
export function* layPlane({ source, own }: Workplace, plan: PlanePlan, where: string): SolverSteps<Plane> {
  const { parameters } = source;
  const { plane } = plan;
  requireThat(
    parameters.size > 1,
    where,
    'at least two parameters, which span a plane',
    `${parameters.size}`,
  );
  if (typeof plane === 'object' && 'points' in plane) {
    requirePoints(plane.points, parameters.size, where);
    const [first, ...others] = plane.points as [Tensor1D, Tensor1D, Tensor1D];
    const sides = own(tidy(() => stack(others.map((point) => sub(point, first))) as Tensor2D));
    yield* requirePlane(sides, where, 'three points that do not lie on a line');
    const axes = own(orthonormalised(sides));
    const [x1, y1, x2, y2] = yield coordinates(axes, sides);
    const marks = [[0, 0] as const, [x1!, y1!] as const, [x2!, y2!] as const];
    return { origin: own(first.clone()), axes, marks, eigenvalues: null, hessianExamples: null };
  }
  const along = yield* directionsOf(plane, { source, own }, plan, where);
  const axes = plan.normalise === 'none' ? along.rows : own(filtersNormalised(parameters, along.rows));
  const expected = 'two directions that are neither zero nor parallel';
  yield* requirePlane(axes, where, plan.normalise === 'none' ? expected : `${expected} in their filters`);
  return { ...along, origin: own(parameters.read()), axes, marks: [[0, 0]] };
}

/** Two directions through the present parameters. */
function* directionsOf(
  plane: Exclude<PlaneChoice, { points: unknown }>,
  { source, own }: Pick<Workplace, 'source' | 'own'>,
  plan: PlanePlan,
  where: string,
): SolverSteps<Pick<Plane, 'eigenvalues' | 'hessianExamples'> & { readonly rows: Tensor2D }> {
  const { size } = source.parameters;
  if (plane === 'eigenvectors') return own(yield* sharpestDirections(source, { ...plan, k: 2 }, where));
  const none = { eigenvalues: null, hessianExamples: null };
  if (plane === 'random') {
    const random = new SeededRandom(plan.seed);
    const rows = tidy(() => concat([randomDirection(size, random), randomDirection(size, random)]));
    return { rows: own(rows), ...none };
  }
  const expected = `plane.directions, float32 rows of shape [2, ${size}]`;
  requireRows(plane.directions, size, where, expected);
  requireArgument(plane.directions.shape[0] === 2, where, expected, plane.directions);
  return { rows: own(plane.directions.clone()), ...none };
}

function filtersNormalised(parameters: ParameterSpace, rows: Tensor2D): Tensor2D {
  return tidy(() => stack([0, 1].map((i) => filterNormalised(parameters, rowOf(rows, i)))) as Tensor2D);
}

/** Rows [2, n] made orthonormal, the first keeping its direction (Gram & Schmidt, the second step taken twice). */
function orthonormalised(rows: Tensor2D): Tensor2D {
  return tidy(() => {
    const [first, second] = [0, 1].map((i) => unitVector(rowOf(rows, i)));
    const a: Tensor2D = reshape(first!, [1, -1]);
    const b = unitVector(scaleAlong(a, scaleAlong(a, second!, 0), 0));
    return concat([a, reshape(b, [1, -1])]) as Tensor2D;
  });
}

function requirePoints(points: readonly Tensor1D[], size: number, where: string): void {
  const expected = `plane.points, three float32 vectors of shape [${size}]`;
  requireArgument(Array.isArray(points) && points.length === 3, where, expected, points);
  for (const point of points) requireVector(point, size, where);
}

/** Throws unless two rows span a plane. */
function* requirePlane(rows: Tensor2D, where: string, expected: string): SolverSteps<void> {
  const [first, second, cosine] = yield tidy(() => {
    const parts = [0, 1].map((i) => rowOf(rows, i));
    const units = parts.map((part): Tensor2D => reshape(unitVector(part), [1, -1]));
    const lengths = parts.map((part) => reshape(euclideanNorm([part]), [1]));
    return concat([...lengths, reshape(matMul(units[0]!, units[1]!, false, true), [1])]) as Tensor1D;
  });
  const areLong = first! * second! > 0 && Number.isFinite(first! * second!);
  if (areLong && 1 - cosine! ** 2 > PARALLEL) return;
  const lengths = `lengths ${first!.toPrecision(3)} and ${second!.toPrecision(3)}`;
  const found = areLong ? 'parallel ones' : lengths;
  throw new CurvatureArgumentError(where, expected, found);
}
