import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { stack, sub, tidy } from '@tensorflow/tfjs-core';
import { euclideanNorm } from '../rows.js';
import { readOnce } from '../tfjs/read-once.js';
import { ZERO_SHARE } from './magnitude.js';

/** The values of some scalars, for which nothing stays on the device. */
export async function readScalars(scalars: () => Tensor[]): Promise<number[]> {
  return Array.from(await readOnce(tidy(() => stack(scalars()))));
}

/** a / b, and 0 for 0 / 0. */
export function ratio(numerator: number, denominator: number): number {
  return numerator === 0 ? 0 : numerator / denominator;
}

/** ‖a − b‖ / ‖a‖ of two vectors; what is made for the purpose is disposed. */
export async function relativeDistance(a: () => Tensor1D, b: () => Tensor1D): Promise<number> {
  const [distance, length] = await readScalars(() => {
    const from = a();
    return [sub(from, b()), from].map((x) => euclideanNorm([x]));
  });
  return ratio(distance!, length!);
}

/**
 * error / norm where that is within the tolerance. Where it is not, and all of it may be rounding of the terms of
 * products, the error in units of those: an operator that is zero to rounding has no other.
 *
 * @param magnitude of the terms; asked for where it may tell
 */
export async function errorBeyondRounding(
  error: number,
  norm: number,
  tolerance: number,
  magnitude: () => Promise<number>,
): Promise<number> {
  if (error <= tolerance * norm) return ratio(error, norm);
  return ratio(error, Math.max(norm, (ZERO_SHARE / tolerance) * (await magnitude())));
}
