import type { Tensor } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../../errors.js';
import { requireDifferentiable } from '../require-differentiable.js';
import type { Point } from './arguments.js';
import { argumentsOf, requireFunction, requireLike } from './arguments.js';
import { openTape } from './open-tape.js';
import { pushForward, recordForward, recordFunction } from './recorded-function.js';

/**
 * The value of a function and its derivative along a direction, the product of its Jacobian with a vector from the
 * right: ∂f/∂x · dx.
 *
 * The pullback dy ↦ dyᵀ ∂f/∂x is linear in dy, and its derivative by dy along dx is what is sought: two backward
 * passes, by the rules that second derivatives go by.
 *
 * @param f from float32 tensors to a float32 tensor; called once. A list of primals is spread: f(…xs)
 * @param primals x, a float32 tensor or a list of them
 * @param tangents dx, in the shapes of x
 * @returns f(x) and ∂f/∂x · dx, shaped like f(x). They belong to the caller or the innermost `tf.tidy`
 * @throws CurvatureArgumentError for an x or f(x) that is no live float32 tensor, for tangents of other shapes, and
 *   inside a derivative that TensorFlow.js takes by its own tape
 * @throws DifferentiationError if f(x) does not depend on an x, or through an op without gradient
 * Cost: one evaluation and two backward passes; memory: about twice what a gradient needs.
 * Source: Townsend 2017, "A new trick for calculating Jacobian vector products".
 *
 * @example
 * const x = tf.tensor1d([1, 2]);
 * const [value, tangent] = jvp((t) => tf.square(t), x, tf.tensor1d([1, 10]));
 * tangent.print(); // 2 x dx = [2, 40]
 */
export function jvp<P extends Point>(
  f: (...xs: Tensor[]) => Tensor,
  primals: P,
  tangents: P,
): [value: Tensor, tangent: Tensor] {
  const where = 'jvp';
  requireFunction(f, where);
  requireDifferentiable(where);
  const xs = argumentsOf(primals, where, 'primals');
  const dxs = argumentsOf(tangents, where, 'tangents');
  const asMany = `as many tangents as primals, ${xs.length}`;
  requireThat(dxs.length === xs.length, where, asMany, `${dxs.length}`);
  dxs.forEach((dx, i) => requireLike(dx, xs[i]!.shape, where, 'tangents', 'the primals'));
  return tidy(() => {
    const tape = openTape(xs, (recorder, args) =>
      recordForward(recorder, recordFunction(recorder, f, args, where)),
    );
    try {
      return [tape.recorded.value, pushForward(tape, dxs)];
    } finally {
      tape.close();
    }
  });
}
