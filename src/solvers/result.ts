import type { Tensor2D } from '@tensorflow/tfjs-core';
import { tensor2d } from '@tensorflow/tfjs-core';
import { isListOf, requireArgument, requireThat } from '../errors.js';
import { integer, requireIs } from '../options.js';
import { expectedProducts, innerProductsOf, misfit } from './saved-rows.js';

/**
 * How a run ended.
 *
 * - `converged`: every pair asked for has a residual within the tolerance.
 * - `maxIterations`: the allowed work is spent; `numConverged` pairs are within the tolerance. All k may be: then the run was
 *   still looking for others that it might have missed. Allow more work, a larger `krylovDim`, or a larger `tol`.
 * - `maxMatvecs`: the products allowed are spent; the pairs are as they stand then, with their residuals. All k may be
 *   within the tolerance, as above.
 * - `aborted`: the `signal` was, and `onAbort` is 'return'. As `maxMatvecs`; pairs that were not found have eigenvalue NaN.
 * - `stagnated`: what is left of the residuals above the tolerance is, for the most part, what the products lack of
 *   symmetry, or their noise: no further product lessens it. So end operators of central differences, and those that change
 *   from product to product; `asymmetry` says by how much. Allow a larger `tol`, or make the products exact.
 * - `invariantSubspace`: the vectors span a space that A maps into itself, nothing is left to find, and yet not
 *   all residuals are within the tolerance: it is below what float32 products allow.
 * - `nonFinite`: a product had a NaN or an infinity in it. Pairs that were not found have eigenvalue NaN.
 */
export type EigenStatus =
  'converged' | 'maxIterations' | 'maxMatvecs' | 'aborted' | 'stagnated' | 'invariantSubspace' | 'nonFinite';

/** All that an {@link EigenStatus} can be: one that is missing here does not compile. */
const known: Readonly<Record<EigenStatus, true>> = {
  converged: true,
  maxIterations: true,
  maxMatvecs: true,
  aborted: true,
  invariantSubspace: true,
  stagnated: true,
  nonFinite: true,
};
const statuses = Object.keys(known);

/** Eigenpairs with what they cost and how good they are. */
export interface EigenResult {
  /** The k eigenvalues, the wanted end first; those of both ends ascend. */
  readonly eigenvalues: Float64Array;
  /** The eigenvectors, shape [k, n]: row i has unit length and belongs to eigenvalue i. Disposed with the result. */
  readonly eigenvectors: Tensor2D;
  /** ‖Av - λv‖₂ of each pair. */
  readonly residualNorms: Float64Array;
  /** How the run ended. */
  readonly status: EigenStatus;
  /** How many of the pairs have a residual within the tolerance. */
  readonly numConverged: number;
  /** Products Av spent. */
  readonly numMatvecs: number;
  /**
   * Largest |uᵀAv - vᵀAu| seen among the orthonormal vectors of the run, relative to the largest ‖Av‖. Float32
   * products of a symmetric operator leave some 1e-6, central differences 1e-3; more means that the operator is
   * not symmetric, or that it changes from product to product. NaN where it was not measured.
   */
  readonly asymmetry: number;
  /** Releases the eigenvectors. Calling it twice is harmless. */
  dispose(): void;
}

/** What makes up an {@link EigenResult}. */
export type EigenRecord = Omit<EigenResult, 'dispose'>;

/** A result that owns its eigenvectors. */
export function eigenResult(record: EigenRecord): EigenResult {
  return { ...record, dispose: () => record.eigenvectors.dispose() };
}

/** Whether a search met finite numbers only and found all pairs. */
export function hasAllPairs({ status, eigenvalues }: EigenRecord): boolean {
  return status !== 'nonFinite' && !eigenvalues.some(Number.isNaN);
}

/** The part of an {@link EigenResult} that JSON can hold; a number that is not finite is `null`. */
export interface EigenResultJson {
  readonly format: 'tfjs-curvature/eigen-result';
  readonly version: 1;
  readonly shape: [number, number];
  readonly eigenvalues: (number | null)[];
  readonly residualNorms: (number | null)[];
  readonly status: EigenStatus;
  readonly numConverged: number;
  readonly numMatvecs: number;
  readonly asymmetry: number | null;
  /** xᵢᵀxⱼ for j up to i, where that is not 1 and 0: of vectors that are orthonormal in another metric (`lobpcg`). */
  readonly innerProducts?: readonly (readonly number[])[];
}

/** A saved result: plain JSON, and the eigenvectors row by row. */
export interface SavedEigenResult {
  readonly json: EigenResultJson;
  readonly eigenvectors: Float32Array;
}

/**
 * Copies a result off the device, ready for a file: `JSON.stringify(saved.json)` and the bytes of
 * `saved.eigenvectors` (k * n * 4 of them).
 *
 * @param result stays as it is
 * @returns plain data and the eigenvectors on the host; nothing to dispose
 * @throws CurvatureArgumentError for what no search has found, or has been disposed
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const result = await lanczos(hessian, { k: 5 });
 * const saved = await saveEigenResult(result);
 * const again = loadEigenResult(saved);
 */
export async function saveEigenResult(result: EigenResult): Promise<SavedEigenResult> {
  requireArgument(
    typeof result?.eigenvectors?.data === 'function',
    'saveEigenResult',
    'the result of a search for eigenpairs',
    result,
  );
  const { eigenvectors } = result;
  requireThat(!eigenvectors.isDisposed, 'saveEigenResult', 'a result that is not disposed', 'a disposed one');
  const rows = Float32Array.from(await eigenvectors.data<'float32'>());
  const products = innerProductsOf(rows, eigenvectors.shape);
  const fit = misfit(products, expectedProducts(result.eigenvalues));
  return {
    json: {
      format: 'tfjs-curvature/eigen-result',
      version: 1,
      shape: [...eigenvectors.shape],
      eigenvalues: Array.from(result.eigenvalues, finiteOrNull),
      residualNorms: Array.from(result.residualNorms, finiteOrNull),
      status: result.status,
      numConverged: result.numConverged,
      numMatvecs: result.numMatvecs,
      asymmetry: finiteOrNull(result.asymmetry),
      ...(fit != null && { innerProducts: products }),
    },
    eigenvectors: rows,
  };
}

/**
 * Brings a saved result back onto the device.
 *
 * @param saved made by {@link saveEigenResult}
 * @returns a result that the caller disposes
 * @throws CurvatureArgumentError for JSON of another kind, numbers that no search comes to (a negative residual, more pairs
 *   converged than there are), and eigenvectors that do not fit it or whose inner products are not, to 1e-3, what they were
 *
 * Cost: k²n/2 multiplications on the host.
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const found = await lanczos(hessian, { k: 2 });
 * const { json, eigenvectors } = await saveEigenResult(found);
 * const text = JSON.stringify(json); // for one file, and the bytes of eigenvectors for another
 * const again = loadEigenResult({ json: JSON.parse(text), eigenvectors });
 * const nsgd = new NSGD({ learningRate: 0.1, refreshEvery: 0 });
 * nsgd.setDirections(again.eigenvectors, { eigenvalues: again.eigenvalues });
 * again.dispose();
 */
export function loadEigenResult(saved: SavedEigenResult): EigenResult {
  requireArgument(saved?.json != null, 'loadEigenResult', 'a saved result {json, eigenvectors}', saved);
  const { json, eigenvectors } = saved;
  requireArgument(
    json?.format === 'tfjs-curvature/eigen-result' && json.version === 1,
    'loadEigenResult',
    "JSON with format 'tfjs-curvature/eigen-result', version 1",
    json?.format,
  );
  const where = 'loadEigenResult';
  const { shape, status } = json;
  const isShape = isListOf<number>(shape, integer(1).accepts) && shape.length === 2;
  requireArgument(isShape, where, 'a shape [k, n] in the JSON', shape);
  const [k, n] = shape;
  requireArgument(
    eigenvectors instanceof Float32Array && eigenvectors.length === k * n,
    where,
    `a Float32Array of ${k} * ${n} numbers`,
    eigenvectors?.length,
  );
  requireArgument(statuses.includes(status), where, `a status among ${statuses.join(', ')}`, status);
  for (const name of ['eigenvalues', 'residualNorms'] as const) {
    const numbers: unknown = json[name];
    const isKnown = name === 'eigenvalues' ? isNumberOrNull : isSizeOrNull;
    const fits = isListOf(numbers, isKnown) && numbers.length === k;
    const kind = name === 'eigenvalues' ? 'numbers' : 'numbers >= 0';
    requireArgument(fits, where, `${k} ${kind} or nulls as ${name}`, numbers);
  }
  const { numConverged, numMatvecs, asymmetry } = json;
  const numMeasured = json.residualNorms.filter((norm) => norm !== null).length;
  // A product that is not finite, and the end of what is allowed, may come after all pairs were found.
  const isAll = numConverged === k;
  const mayBeAll = ['nonFinite', 'maxIterations', 'maxMatvecs', 'aborted'].includes(status);
  const fits = status === 'converged' ? isAll : !isAll || mayBeAll;
  const isSome = integer(0).accepts(numConverged) && numConverged <= numMeasured;
  const counts = `numConverged up to ${numMeasured}, the residuals that are known, and ${k} if 'converged'`;
  requireArgument(isSome && fits, where, counts, numConverged);
  requireIs(numMatvecs, integer(0), 'numMatvecs', where);
  requireArgument(isSizeOrNull(asymmetry), where, 'asymmetry, a number >= 0 or null', asymmetry);
  // What was not found has no vector.
  if (status !== 'nonFinite') requireUndamaged(json, eigenvectors);
  return eigenResult({
    eigenvalues: Float64Array.from(json.eigenvalues, numberOrNaN),
    eigenvectors: tensor2d(eigenvectors, [k, n]),
    residualNorms: Float64Array.from(json.residualNorms, numberOrNaN),
    status,
    numConverged,
    numMatvecs,
    asymmetry: numberOrNaN(asymmetry),
  });
}

/** Throws unless the inner products of the rows are what they were: orthonormal, if nothing else is said. */
function requireUndamaged({ shape, eigenvalues, innerProducts }: EigenResultJson, rows: Float32Array): void {
  const where = 'loadEigenResult';
  const isTriangle = (list: unknown): boolean =>
    isListOf<readonly number[]>(list, (row) => isListOf(row, Number.isFinite)) &&
    list.every((row, i) => row.length === i + 1);
  const isKnown =
    innerProducts === undefined || (isTriangle(innerProducts) && innerProducts.length === shape[0]);
  requireArgument(isKnown, where, `${shape[0]} rows of innerProducts, of 1, 2, … numbers`, innerProducts);
  const found = misfit(innerProductsOf(rows, shape), innerProducts ?? expectedProducts(eigenvalues));
  const kind =
    innerProducts == null
      ? 'orthonormal eigenvectors, zero where there is no eigenvalue'
      : 'eigenvectors as saved';
  requireThat(found == null, where, kind, found ?? '');
}

function isSizeOrNull(value: unknown): boolean {
  return isNumberOrNull(value) && (value === null || (value as number) >= 0);
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || (typeof value === 'number' && Number.isFinite(value));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function numberOrNaN(value: number | null): number {
  return value ?? NaN;
}
