import { requireThat } from '../errors.js';

/**
 * N, the number of examples, which the first axis of every output counts.
 *
 * @throws CurvatureArgumentError that names `where` for outputs that do not agree on it, scalars or none
 */
export function examplesOf(outputs: readonly { readonly shape: readonly number[] }[], where: string): number {
  const examples = outputs[0]?.shape[0];
  const areCounted =
    examples != null && outputs.every(({ shape }) => shape[0] === examples && !shape.includes(0));
  requireThat(
    areCounted,
    where,
    'outputs of which the first axis counts the same examples',
    outputs.map(({ shape }) => `[${shape}]`).join(', ') || 'none',
  );
  return examples!;
}
