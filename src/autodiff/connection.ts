import type { Tensor } from '@tensorflow/tfjs-core';
import { zeros } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
import { gradientsDeep } from '../tfjs/derivative-order.js';
import type { TapeNode, TapeValue, ValueId } from './tape.js';

/**
 * The derivative is zero by what y depends on piecewise constantly alone: by the argument of a floor, a comparison or a
 * sign.
 *
 * @param adjoints for each source its adjoint, null where no derivative leads to it
 * @returns the adjoints, with zeros, owned by the engine's scope, where y depends on the source all the same
 */
export function zerosWhereConstant(
  adjoints: readonly (Tensor | null)[],
  sources: readonly TapeValue[],
  nodes: readonly TapeNode[],
  y: ValueId,
): (Tensor | null)[] {
  return adjoints.map(
    (adjoint, i) => adjoint ?? (isConnected(sources[i]!.id, nodes, y) ? zeros(sources[i]!.shape) : null),
  );
}

/** Whether y depends on a source, if only piecewise constantly. */
export function isConnected(source: ValueId, nodes: readonly TapeNode[], y: ValueId): boolean {
  const reached = new Set([source]);
  for (const { inputs, constantInputs, outputs } of nodes) {
    const isReached =
      constantInputs.some((id) => reached.has(id)) || Object.values(inputs).some(({ id }) => reached.has(id));
    if (!isReached) continue;
    for (const { id } of outputs) reached.add(id);
  }
  return reached.has(y);
}

/** Throws if y depends on none of what it is differentiated by. */
export function requireConnection(grads: readonly (Tensor | null)[]): void {
  if (grads.length > 0 && grads.every((grad) => grad == null)) throw unconnected('tf.grad');
}

/** The error for a function that does not depend on what it is differentiated by. */
export function unconnected(where: string, argument = 'what it is differentiated by'): DifferentiationError {
  return new DifferentiationError(
    where,
    `its result does not depend on ${argument}`,
    'Enclose all operations that lead from x to y in the function, and let them start from its arguments.',
    {
      order: gradientsDeep() + 1,
      sentence:
        'Cannot compute gradient of y=f(x) with respect to x. Make sure that the f you passed encloses all ' +
        'operations that lead from x to y.',
    },
  );
}
