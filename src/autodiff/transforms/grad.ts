import type { Tensor, TensorLike } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { requireArgument } from '../../errors.js';
import { requireFloat, requireFunction, tensorFrom } from './arguments.js';
import { gradientsAt } from './gradients-at.js';

/**
 * The derivative of a function of one tensor: x ↦ dy·∂f/∂x, of any order by nesting.
 *
 * As `tf.grad`, but right where that is not: inside another derivative, for every op that `docs/ops.md` lists, and for
 * an x that f also reaches by closure, which then counts as a constant.
 *
 * @param f from a float32 tensor to a float32 tensor; called once
 * @returns a function of x (a tensor, a number or an array) and dy, the weights of the entries of f(x), in its shape;
 *   default ones. It returns a new tensor shaped like x that belongs to the caller or the innermost `tf.tidy`
 * @throws CurvatureArgumentError for an x or f(x) that is no live float32 tensor, for a dy of another shape than f(x),
 *   and inside a derivative that TensorFlow.js takes by its own tape (see {@link registerExactGradients})
 * @throws DifferentiationError if f(x) does not depend on x, or through an op without gradient
 * Cost: one evaluation and one backward pass; each order of nesting about doubles both.
 * Source: Griewank and Walther 2008, "Evaluating Derivatives", sections 3.2 and 5.1.
 *
 * @example
 * const third = grad(grad(grad((x) => tf.tanh(x))));
 * third(tf.tensor1d([0, 0.5])).print(); // 2 (1 − t²)(3 t² − 1) with t = tanh x: −2, −0.566
 */
export function grad(f: (x: Tensor) => Tensor): (x: TensorLike | Tensor, dy?: TensorLike | Tensor) => Tensor {
  const where = 'grad';
  requireFunction(f, where);
  return (x, dy) =>
    tidy(() => {
      const xs = [tensorFrom(x, where, 'x')];
      return gradientsAt(f, xs, seedFrom(dy, where), where).grads[0]!;
    });
}

/**
 * The derivatives of a function of several tensors by each: (x₁, …) ↦ (dy·∂f/∂x₁, …). As {@link grad} otherwise.
 *
 * @param f from float32 tensors, one for each argument, to a float32 tensor; called once
 * @returns a function of the list of arguments and dy. It returns one new tensor for each argument, shaped like it. The
 *   same tensor may be given twice: each place has its own derivative
 * @throws CurvatureArgumentError and DifferentiationError as {@link grad}; for arguments that are no list, or an empty one
 *
 * @example
 * const [da, db] = grads((a, b) => tf.mul(a, tf.exp(b)))([tf.scalar(2), tf.scalar(0)]);
 * da.print(); // e^b = 1
 * db.print(); // a e^b = 2
 */
export function grads(
  f: (...args: Tensor[]) => Tensor,
): (args: (Tensor | TensorLike)[], dy?: Tensor | TensorLike) => Tensor[] {
  const where = 'grads';
  requireFunction(f, where);
  return (args, dy) => {
    requireArgument(Array.isArray(args) && args.length > 0, where, 'args: a list of tensors', args);
    return tidy(() => {
      const xs = Array.from(args, (x, i) => tensorFrom(x, where, `args[${i}]`));
      return gradientsAt(f, xs, seedFrom(dy, where), where).grads;
    });
  };
}

/**
 * The value of a function of one tensor and its derivative, from one evaluation. As {@link grad} otherwise.
 *
 * @param f from a float32 tensor to a float32 tensor; called once
 * @returns a function of x and dy, tensors. It returns f(x) and the derivative, which belong to the caller or the
 *   innermost `tf.tidy`
 * @throws CurvatureArgumentError and DifferentiationError as {@link grad}; for x and dy that are no tensors
 *
 * @example
 * const { value, grad: slope } = valueAndGrad((x) => tf.square(x))(tf.scalar(3));
 * value.print(); // 9
 * slope.print(); // 6
 */
export function valueAndGrad<I extends Tensor, O extends Tensor>(
  f: (x: I) => O,
): (x: I, dy?: O) => { value: O; grad: I } {
  const where = 'valueAndGrad';
  requireFunction(f, where);
  return (x, dy) => {
    const xs = [requireFloat(x, where, 'x')];
    const seed = dy == null ? null : requireFloat(dy, where, 'dy');
    const { value, grads: all } = tidy(() => gradientsAt((own) => f(own as I), xs, seed, where));
    return { value: value as O, grad: all[0] as I };
  };
}

/**
 * The value of a function of several tensors and its derivatives by each, from one evaluation. As {@link grads}
 * otherwise.
 *
 * @param f from float32 tensors, one for each argument, to a float32 tensor; called once
 * @returns a function of the list of arguments and dy, tensors. It returns f(x₁, …) and one derivative for each argument,
 *   which belong to the caller or the innermost `tf.tidy`
 * @throws CurvatureArgumentError and DifferentiationError as {@link grads}; for arguments and dy that are no tensors
 *
 * @example
 * const product = valueAndGrads((a, b) => tf.mul(a, b));
 * const { value, grads: slopes } = product([tf.scalar(2), tf.scalar(3)]);
 * value.print(); // 6
 * slopes[0].print(); // 3
 */
export function valueAndGrads<O extends Tensor>(
  f: (...args: Tensor[]) => O,
): (args: Tensor[], dy?: O) => { grads: Tensor[]; value: O } {
  const where = 'valueAndGrads';
  requireFunction(f, where);
  return (args, dy) => {
    requireArgument(Array.isArray(args) && args.length > 0, where, 'args: a list of tensors', args);
    const xs = Array.from(args, (x, i) => requireFloat(x, where, `args[${i}]`));
    const seed = dy == null ? null : requireFloat(dy, where, 'dy');
    return tidy(() => gradientsAt(f, xs, seed, where)) as { grads: Tensor[]; value: O };
  };
}

function seedFrom(dy: Tensor | TensorLike | null | undefined, where: string): Tensor | null {
  return dy == null ? null : tensorFrom(dy, where, 'dy');
}
