import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { linalg, reshape, stack, tidy } from '@tensorflow/tfjs-core';
import { randomDirection } from '../../src/analysis/random-direction.js';
import type { SeededRandom } from '../../src/random.js';

/** Random orthonormal directions as rows [count, size]: the paper's control. The caller disposes them. */
export function randomOrthonormal(count: number, size: number, random: SeededRandom): Tensor2D {
  return tidy(() => {
    const rows = Array.from(
      { length: count },
      () => reshape(randomDirection(size, random), [size]) as Tensor1D,
    );
    return stack(linalg.gramSchmidt(rows) as Tensor1D[]) as Tensor2D;
  });
}
