import type { Tensor } from '@tensorflow/tfjs-core';
import { byDifferences, DifferentiationError } from '../errors.js';
import { gradientsDeep } from '../tfjs/derivative-order.js';
import { aliasTensor } from '../tfjs/engine.js';
import type { TapeNode, TapeValue } from './tape.js';
import type { ValueTable } from './value-table.js';
import { valueOf } from './value-table.js';

/**
 * Lets no derivative pass unseen by an adjoint that was computed from values read on the host: the first derivative is
 * right, a further one through those values is refused.
 *
 * @param node whose pullback computed `dx`, which is taken over
 * @param reads the values that were read
 * @returns what stands for `dx` from now on, kept, and the node that leads to it
 */
export function hiddenDependence(
  { name, layer }: TapeNode,
  dx: Tensor,
  reads: readonly TapeValue[],
  values: ValueTable,
): { boundary: Tensor; node: TapeNode } {
  const order = gradientsDeep() + 1;
  const boundary = aliasTensor(dx);
  const inputs: Record<string, TapeValue> = Object.fromEntries(reads.map((read, i) => [`read${i}`, read]));
  if (values.isTracked(dx)) inputs.dx = { id: values.idOf(dx), shape: dx.shape };
  dx.dispose();
  const refuse = (input: string): DifferentiationError | null =>
    input === 'dx'
      ? null
      : new DifferentiationError(
          name,
          'it reads the values of a tensor that depends on the variables, which hides the dependence from a further derivative',
          `Write it with TensorFlow.js ops throughout, or ${byDifferences}.`,
          { layer, order },
        );
  const node = {
    name,
    layer,
    order,
    inputs,
    constantInputs: [],
    outputs: [valueOf(boundary)],
    saved: [],
    refuse,
  };
  return { boundary, node: { ...node, pullback: ([dy]) => ({ dx: () => dy! }) } };
}
