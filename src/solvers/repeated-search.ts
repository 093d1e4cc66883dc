import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LinearOperator } from '../operators/linear-operator.js';
import type { SolverSteps } from '../tfjs/drive.js';
import type { LanczosOptions } from './lanczos-options.js';
import { leastKrylovDim } from './lanczos-options.js';
import { lanczosSteps } from './lanczos.js';
import type { EigenResult } from './result.js';

/**
 * `confirm` of searches that are repeated along a training run: what one of them misses the next one may find. Along the
 * training of small nets such a search takes 8 to 20 products from the pairs of the one before; 6 took a fifth more, 3
 * missed a direction that had overtaken the sharpest.
 */
const REPEATED_CONFIRM = 4;

/**
 * One of the searches for k pairs that follow each other while the operator changes little.
 *
 * It starts from the vectors of the search before, where they are of the operator's size and leave room in the smallest
 * basis for the k pairs wanted. In a space so small that they do not, a random start costs no more.
 *
 * @param before rows [m, n] of the search before, which stay the caller's; null for a random start
 * @returns the pairs, owned by the caller
 */
export function repeatedSearch(
  operator: LinearOperator,
  before: Tensor2D | null,
  options: LanczosOptions & { readonly k: number },
  where: string,
): SolverSteps<EigenResult> {
  const { k } = options;
  const n = operator.size;
  const fits = before?.shape[1] === n && before.shape[0] + k <= leastKrylovDim(k, n);
  const start = fits ? { startVectors: before } : {};
  return lanczosSteps(operator, { ...options, confirm: REPEATED_CONFIRM, ...start }, where);
}
