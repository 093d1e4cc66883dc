import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, slice, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { abortSignal, readOptions } from '../options.js';
import type { SolverSteps } from '../tfjs/drive.js';
import { driveAsync } from '../tfjs/drive.js';
import type { LinearOperator } from './linear-operator.js';
import { productsOf, requireOperator } from './linear-operator.js';
import { guardParameters } from './parameter-guard.js';

/** Options of {@link materialize}. */
interface MaterializeOptions {
  /** Stops the work between blocks of products. */
  readonly signal?: AbortSignal;
}

/** Unit vectors multiplied at once: more would only hold more memory. */
const ROWS_AT_ONCE = 32;

/**
 * The matrix of an operator, for small n: for tests, for pictures, for a dense solver.
 *
 * Cost: n products. Memory: n² numbers, twice for a moment.
 *
 * @param operator stays the caller's
 * @param options `signal` stops the work between blocks of products; nothing stays on the device then
 * @returns shape [n, n], owned by the caller; row i is A e_i, which for a symmetric operator is row i of A
 * @throws CurvatureArgumentError for what is no operator, or parameters that are moved meanwhile; the reason of `signal`
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const bias = subset(hessian, (variable) => variable.name.includes('bias'));
 * const matrix = await materialize(bias);
 */
export async function materialize(
  operator: LinearOperator,
  options: MaterializeOptions = {},
): Promise<Tensor2D> {
  requireOperator(operator, 'materialize');
  const { signal } = readOptions(options, { signal: abortSignal }, 'materialize');
  const requireStill = guardParameters(operator, 'materialize');
  return driveAsync(materializeSteps(operator), { signal }, 'materialize', requireStill);
}

/** {@link materialize}, for solvers. */
export function* materializeSteps(operator: LinearOperator): SolverSteps<Tensor2D> {
  const { size } = operator;
  const bands: Tensor2D[] = [];
  for (let from = 0; from < size; from += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, size - from);
    const values = new Float32Array(count * size);
    for (let i = 0; i < count; i++) values[i * size + from + i] = 1;
    const units = tensor2d(values, [count, size]);
    // In no tidy: what the operator keeps for its next product is its own.
    const band = productsOf(operator, units);
    units.dispose();
    bands.push(band);
    // Waits until the block is done, so that no more than one is under way on a device, and others get their turn.
    yield tidy(() => slice(band, [count - 1, size - 1], [1, 1]));
  }
  const matrix = concat(bands, 0);
  for (const band of bands) band.dispose();
  return matrix;
}
