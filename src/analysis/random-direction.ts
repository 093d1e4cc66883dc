import type { Tensor2D } from '@tensorflow/tfjs-core';
import { div, norm, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { SeededRandom } from '../random.js';

/**
 * A random direction, uniform on the unit sphere, as a row. Many of them are drawn one by one: together they are most of
 * what an analysis of a large model holds, and joining them would hold them twice.
 *
 * @param size n
 * @returns [1, n], owned by the caller
 */
export function randomDirection(size: number, random: SeededRandom): Tensor2D {
  const values = random.fillNormal(new Float32Array(size));
  return tidy(() => {
    const row = tensor2d(values, [1, size]);
    return div(row, norm(row)) as Tensor2D;
  });
}
