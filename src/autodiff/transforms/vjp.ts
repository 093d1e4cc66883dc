import type { Tensor } from '@tensorflow/tfjs-core';
import { scalar, tidy } from '@tensorflow/tfjs-core';
import { requireThat } from '../../errors.js';
import { handToScope } from '../../tfjs/engine.js';
import { requireDifferentiable } from '../require-differentiable.js';
import type { Like, Point } from './arguments.js';
import { argumentsOf, like, requireFunction, requireLike } from './arguments.js';
import type { OpenTape } from './open-tape.js';
import { openTape } from './open-tape.js';
import type { RecordedFunction } from './recorded-function.js';
import { pullBack, recordFunction } from './recorded-function.js';

/**
 * dy ↦ dy·∂f/∂x at a fixed x, by a tape that is kept: any number of calls, one backward pass each.
 *
 * The tape belongs to the innermost `tf.tidy` around {@link vjp}, and ends with it; else `dispose` releases it.
 */
export interface Pullback<P extends Point> {
  /**
   * @param dy float32, in the shape of f(x); stays the caller's
   * @returns one new tensor for each x, shaped like it, which belongs to the caller or the innermost `tf.tidy`
   * @throws CurvatureArgumentError for another shape, after `dispose` and after the tidy has ended
   */
  (dy: Tensor): Like<P>;
  /** Releases the tape. Harmless when repeated. */
  dispose(): void;
}

/**
 * The value of a function and its pullback, the product of a vector with its Jacobian from the left: dy ↦ dyᵀ ∂f/∂x.
 *
 * @param f from float32 tensors to a float32 tensor; called once. A list of primals is spread: f(…xs)
 * @param primals x, a float32 tensor or a list of them; stays the caller's
 * @returns f(x), which belongs to the caller or the innermost `tf.tidy`, and the {@link Pullback}
 * @throws CurvatureArgumentError for an x or f(x) that is no live float32 tensor, and inside a derivative that
 *   TensorFlow.js takes by its own tape
 * @throws DifferentiationError if f(x) does not depend on an x, or through an op without gradient
 * Cost: one evaluation; each call of the pullback one backward pass; memory: what the backward pass needs.
 * Source: Griewank and Walther 2008, "Evaluating Derivatives", section 3.2 (reverse mode).
 *
 * @example
 * const x = tf.tensor1d([1, 2]);
 * const [value, pullback] = vjp((t) => tf.square(t), x);
 * pullback(tf.tensor1d([1, 0])).print(); // [2, 0]
 * pullback(tf.tensor1d([0, 1])).print(); // [0, 4]
 * pullback.dispose();
 */
export function vjp<P extends Point>(
  f: (...xs: Tensor[]) => Tensor,
  primals: P,
): [value: Tensor, pullback: Pullback<P>] {
  const where = 'vjp';
  requireFunction(f, where);
  requireDifferentiable(where);
  const xs = argumentsOf(primals, where, 'primals');
  let tape: OpenTape<RecordedFunction>;
  // Not returned from the tidy, which would take every tensor it can reach for a result.
  const value = tidy(() => {
    tape = openTape(xs, (recorder, args) => recordFunction(recorder, f, args, where));
    return tape.recorded.value;
  });
  return [value, pullbackOf(tape!, primals)];
}

function pullbackOf<P extends Point>(tape: OpenTape<RecordedFunction>, primals: P): Pullback<P> {
  const { shape } = tape.recorded.value;
  // What the tape holds belongs to the innermost tidy from now on; so does this, by which its end is known.
  const witness = scalar(0);
  for (const held of tape.held()) handToScope(held);
  let isDisposed = false;
  const pullback = (dy: Tensor): Like<P> => {
    const where = 'vjp pullback';
    requireDifferentiable(where);
    requireThat(!isDisposed, where, 'a live pullback', 'a call after dispose()');
    requireThat(!witness.isDisposed, where, 'a call inside the tf.tidy around vjp', 'a call after its end');
    requireThat(tape.isOpen(), where, 'a call inside the derivative around vjp', 'a call after its end');
    requireLike(dy, shape, where, 'dy', 'f(x)');
    return like(
      primals,
      tidy(() => pullBack(tape, dy)),
    );
  };
  return Object.assign(pullback, {
    dispose: () => {
      isDisposed = true;
      witness.dispose();
      tape.close();
    },
  });
}
