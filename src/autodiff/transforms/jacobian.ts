import type { Tensor } from '@tensorflow/tfjs-core';
import { reshape, tidy, transpose } from '@tensorflow/tfjs-core';
import { requireDifferentiable } from '../require-differentiable.js';
import type { Like, Point } from './arguments.js';
import { argumentsOf, like, requireFunction } from './arguments.js';
import type { OpenTape } from './open-tape.js';
import { openTape } from './open-tape.js';
import type { RecordedFunction, RecordedJacobian } from './recorded-function.js';
import { pullBack, pushForward, recordForward, recordFunction } from './recorded-function.js';
import { stackRows, unitTensors } from './unit-tensors.js';

/**
 * All first derivatives of the entries of f(x) by the entries of x: J[i…, j…] = ∂f(x)[i…] / ∂x[j…].
 *
 * @param f from float32 tensors to a float32 tensor; called once. A list x is spread: f(…xs)
 * @returns a function of x, a float32 tensor or a list of them. It returns one new tensor for each x, of shape
 *   [...f(x).shape, ...x.shape], which belongs to the caller or the innermost `tf.tidy`
 * @throws CurvatureArgumentError for an x or f(x) that is no live float32 tensor, and inside a derivative that
 *   TensorFlow.js takes by its own tape
 * @throws DifferentiationError if f(x) does not depend on an x, or through an op without gradient
 * Cost: one evaluation, then one backward pass for each entry of f(x) or, where x has fewer in all, for each of x.
 * Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 3.
 *
 * @example
 * const rows = jacobian((x) => tf.square(x))(tf.tensor1d([1, 2, 3]));
 * rows.print(); // diag(2, 4, 6)
 */
export function jacobian(f: (...xs: Tensor[]) => Tensor): <P extends Point>(x: P) => Like<P> {
  const where = 'jacobian';
  requireFunction(f, where);
  return <P extends Point>(x: P) => {
    requireDifferentiable(where);
    const xs = argumentsOf(x, where);
    const size = xs.reduce((sum, each) => sum + each.size, 0);
    const jacobians = tidy(() => {
      const tape = openTape(xs, (recorder, args) => {
        const recorded = recordFunction(recorder, f, args, where);
        return recorded.value.size <= size ? recorded : recordForward(recorder, recorded);
      });
      try {
        return isForward(tape) ? byColumns(tape, xs) : byRows(tape);
      } finally {
        tape.close();
      }
    });
    return like(x, jacobians);
  };
}

function isForward(tape: OpenTape<RecordedFunction>): tape is OpenTape<RecordedJacobian> {
  return 'forward' in tape.recorded;
}

/** One sweep backward for each entry of y. */
function byRows(tape: OpenTape<RecordedFunction>): Tensor[] {
  const { value, sources } = tape.recorded;
  const rows = unitTensors(value.shape).map((unit) => tidy(() => pullBack(tape, unit())));
  return sources.map(({ shape }, i) =>
    stackRows(
      rows.map((row) => row[i]!),
      [...value.shape, ...shape],
    ),
  );
}

/** One sweep for each entry of each x, along it. */
function byColumns(tape: OpenTape<RecordedJacobian>, xs: readonly Tensor[]): Tensor[] {
  const { value } = tape.recorded;
  return xs.map((x, i) => {
    const columns = unitTensors(x.shape).map((unit) =>
      tidy(() => {
        const direction = unit();
        return reshape(
          pushForward(
            tape,
            xs.map((_, j) => (j === i ? direction : null)),
          ),
          [value.size],
        );
      }),
    );
    return reshape(transpose(stackRows(columns, [x.size, value.size])), [...value.shape, ...x.shape]);
  });
}
