import type { Tensor2D } from '@tensorflow/tfjs-core';
import { div, norm, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { SeededRandom } from '../random.js';

/**
 * Independent random directions, uniform on the unit sphere, as rows.
 *
 * @param count m
 * @param size n
 * @returns [m, n], owned by the caller
 */
export function randomDirections(count: number, size: number, random: SeededRandom): Tensor2D {
  const values = random.fillNormal(new Float32Array(count * size));
  return tidy(() => {
    const rows = tensor2d(values, [count, size]);
    return div(rows, norm(rows, 'euclidean', 1, true)) as Tensor2D;
  });
}
