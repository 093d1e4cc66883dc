import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { requireTensor } from '../rows.js';

/**
 * Throws a CurvatureArgumentError that names `where` unless start vectors are one vector of n numbers, or several as rows.
 *
 * @param most rows at most
 */
export function requireStartVectors(
  start: Tensor1D | Tensor2D,
  n: number,
  most: number,
  where: string,
): void {
  const fits = ([rows, columns = -1, ...more]: readonly number[]): boolean =>
    more.length === 0 && (columns < 0 ? rows === n : columns === n && rows! >= 1 && rows! <= most);
  requireTensor(
    start,
    fits,
    where,
    `startVectors, float32, of shape [${n}] or [m, ${n}] with m from 1 to ${most}`,
  );
}
