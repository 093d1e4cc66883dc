import type { Tensor } from '@tensorflow/tfjs-core';
import { unconnected } from '../connection.js';
import { engineInternals } from '../../tfjs/engine.js';
import { Recorder } from '../recorder.js';
import { requireDifferentiable } from '../require-differentiable.js';
import { requireLike, requireValue } from './arguments.js';
import { outerTape, ownArguments } from './open-tape.js';

/**
 * y = f(…xs) and dy·∂y/∂x for each x, by the tape of the derivative around this or one of its own. To be called in a
 * tidy.
 *
 * @throws DifferentiationError if y does not depend on one of the arguments
 */
export function gradientsAt(
  f: (...args: Tensor[]) => Tensor,
  xs: readonly Tensor[],
  dy: Tensor | null,
  where: string,
): { value: Tensor; grads: Tensor[] } {
  requireDifferentiable(where);
  const args = ownArguments(xs);
  const evaluate = (): Tensor => {
    const value = requireValue(f(...args), where);
    if (dy != null) requireLike(dy, value.shape, where, 'dy', 'f(x)');
    return value;
  };
  const { value, grads } = differentiate(evaluate, args, dy);
  return { value, grads: requireEach(grads, where) };
}

/** Differentiates on the tape of the derivative around this, or on one that is released on the way back. */
export function differentiate(
  f: () => Tensor,
  xs: readonly Tensor[],
  dy: Tensor | null,
): { value: Tensor; grads: (Tensor | null)[] } {
  return outerTape() == null
    ? Recorder.gradients(f, xs, dy, true)
    : engineInternals().gradients(f, [...xs], dy, true);
}

/** Throws unless a derivative leads to each argument. */
function requireEach(adjoints: readonly (Tensor | null)[], where: string): Tensor[] {
  return adjoints.map((adjoint, i) => {
    if (adjoint == null) throw unconnected(where, adjoints.length === 1 ? 'its argument' : `argument ${i}`);
    return adjoint;
  });
}
