import type { Variable } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../errors.js';
import { placeOf, refusingNode } from './kernel-node.js';
import type { TapeNode, ValueId } from './tape.js';

/**
 * The node between two values of a variable that is differentiated by: whoever uses the second one leaves the
 * derivative.
 */
export function assignedVariable(variable: Variable, before: ValueId, now: ValueId): TapeNode {
  const value = { id: before, shape: variable.shape };
  const place = placeOf(`assign to variable '${variable.name}'`, { value }, []);
  const refuse = (): DifferentiationError =>
    new DifferentiationError(
      place.name,
      'the function that is differentiated assigns to a variable that it is differentiated by, and uses it afterwards',
      'Use the new value as a tensor, and assign it after the derivative is taken.',
      place,
    );
  return refusingNode({ ...place, outputs: [{ ...value, id: now }] }, refuse);
}
