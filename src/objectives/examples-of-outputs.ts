import type { Tensor } from '@tensorflow/tfjs-core';
import { requireThat } from '../errors.js';

/**
 * N, the number of examples, which the first axis of every output counts.
 *
 * @throws CurvatureArgumentError that names `where` for outputs that do not agree on it, or are scalars
 */
export function examplesOf(outputs: readonly Tensor[], where: string): number {
  const examples = outputs[0]?.shape[0];
  const areCounted =
    examples != null && outputs.every(({ shape, size }) => shape[0] === examples && size > 0);
  requireThat(
    areCounted,
    where,
    'outputs of which the first axis counts the same examples',
    outputs.map(({ shape }) => `[${shape}]`).join(', ') || 'none',
  );
  return examples!;
}
