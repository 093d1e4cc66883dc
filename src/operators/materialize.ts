import type { Tensor2D } from '@tensorflow/tfjs-core';
import { concat, tensor2d } from '@tensorflow/tfjs-core';
import { abortSignal, readOptions } from '../options.js';
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
  const { size } = operator;
  const requireStill = guardParameters(operator, 'materialize');
  const bands: Tensor2D[] = [];
  try {
    for (let from = 0; from < size; from += ROWS_AT_ONCE) {
      signal?.throwIfAborted();
      const count = Math.min(ROWS_AT_ONCE, size - from);
      const values = new Float32Array(count * size);
      for (let i = 0; i < count; i++) values[i * size + from + i] = 1;
      const units = tensor2d(values, [count, size]);
      try {
        bands.push(productsOf(operator, units));
      } finally {
        units.dispose();
      }
      await Promise.resolve();
      requireStill();
    }
    return concat(bands, 0);
  } finally {
    for (const band of bands) band.dispose();
  }
}
