import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { scalar, tidy } from '@tensorflow/tfjs-core';
import { Sweep } from '../sweep.js';
import type { ValueId } from '../tape.js';
import type { TapeInCharge } from '../tape-in-charge.js';
import { requireDifferentiable } from '../require-differentiable.js';
import type { Point } from './arguments.js';
import { argumentsOf, requireFunction } from './arguments.js';
import type { OpenTape } from './open-tape.js';
import { openTape } from './open-tape.js';
import type { RecordedFunction } from './recorded-function.js';
import { recordFunction } from './recorded-function.js';
import { stackRows, unitTensors } from './unit-tensors.js';

/**
 * All second derivatives of a scalar function: H[i…, j…] = ∂²f(x) / ∂x[i…] ∂x[j…].
 *
 * For a large x, where a matrix of this size does not fit, {@link HessianOperator} multiplies by it instead.
 *
 * @param f from float32 tensors to a float32 scalar; called once. A list x is spread: f(…xs)
 * @returns a function of x, a float32 tensor or a list of them. For a tensor it returns one new tensor of shape
 *   [...x.shape, ...x.shape]; for a list the blocks [i][j] of shape [...x_i.shape, ...x_j.shape]. They belong to the
 *   caller or the innermost `tf.tidy`
 * @throws CurvatureArgumentError for an x that is no live float32 tensor, an f(x) that is no float32 scalar, and inside a
 *   derivative that TensorFlow.js takes by its own tape
 * @throws DifferentiationError if f(x) does not depend on an x, or through an op that cannot be differentiated twice
 * Cost: one evaluation and one gradient, then for each entry of x one sweep over the tape of both, 1.1 to 2 gradients.
 * Source: Griewank and Walther 2008, "Evaluating Derivatives", chapter 5.
 *
 * @example
 * const matrix = hessian((x) => tf.sum(tf.pow(x, 3)))(tf.tensor1d([1, 2]));
 * matrix.print(); // diag(6, 12)
 */
export function hessian(
  f: (...xs: Tensor[]) => Scalar,
): <P extends Point>(x: P) => P extends Tensor ? Tensor : Tensor[][] {
  const where = 'hessian';
  requireFunction(f, where);
  return <P extends Point>(x: P) => {
    requireDifferentiable(where);
    const xs = argumentsOf(x, where);
    const isList = Array.isArray(x);
    const blocks = tidy(() => {
      const tape = openTape(xs, (recorder, args) =>
        recordGradient(recorder, recordFunction(recorder, f, args, where, true)),
      );
      try {
        return xs.map((_, i) => blockRow(tape, i));
      } finally {
        tape.close();
      }
    });
    return (isList ? blocks : blocks[0]![0]!) as P extends Tensor ? Tensor : Tensor[][];
  };
}

/** A function on a tape with its gradient. */
interface RecordedGradient extends RecordedFunction {
  /** The gradient by each x; null where it is constant. */
  readonly gradients: readonly (ValueId | null)[];
  /** The derivative of the gradient. */
  readonly second: Sweep;
}

function recordGradient(tape: TapeInCharge, recorded: RecordedFunction): RecordedGradient {
  const { backward, y, sources, nodes } = recorded;
  let adjoints: (Tensor | null)[];
  const further = tape.nodesOf(() => {
    adjoints = tape.sweep(backward, [[y, scalar(1)]]);
  });
  const gradients = adjoints!.map((adjoint) => (adjoint == null ? null : tape.idOf(adjoint)));
  const reached = gradients.filter((id) => id != null);
  const second = new Sweep([...nodes, ...further], sources, reached);
  return { ...recorded, gradients, second, sweeps: [second] };
}

/** The blocks [i][·]: one sweep for each entry of x_i. */
function blockRow({ recorded, run }: OpenTape<RecordedGradient>, i: number): Tensor[] {
  const { gradients, second, sources } = recorded;
  const id = gradients[i];
  const { shape } = sources[i]!;
  const rows = unitTensors(shape).map((unit) => tidy(() => run(second, id == null ? [] : [[id, unit()]])));
  return sources.map((source, j) =>
    stackRows(
      rows.map((row) => row[j]!),
      [...shape, ...source.shape],
    ),
  );
}
