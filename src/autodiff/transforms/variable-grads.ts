import type { NamedTensorMap, Scalar, Tensor } from '@tensorflow/tfjs-core';
import { clone, tidy, Variable } from '@tensorflow/tfjs-core';
import { DifferentiationError, requireThat } from '../../errors.js';
import { registeredVariables } from '../../tfjs/engine.js';
import { requireLiveFloats, requireVariables, trainableAmong } from '../../variables.js';
import { requireDifferentiable } from '../require-differentiable.js';
import { requireFunction, requireValue } from './arguments.js';
import { differentiate } from './gradients-at.js';

/**
 * A loss and its derivatives by variables, which it reaches by closure. As `tf.variableGrads`, but right where that is
 * not: for losses that contain derivatives (gradient penalties, residuals of differential equations, forces from an
 * energy), inside another derivative, and for every op that `docs/ops.md` lists.
 *
 * @param f computes the loss, a float32 scalar; called once
 * @param varList float32 variables to differentiate by; default: all trainable float32 ones
 * @returns the loss, and by name one tensor for each variable that the loss reaches, and null for those of `varList`
 *   that are not trainable. They belong to the caller or the innermost `tf.tidy`
 * @throws CurvatureArgumentError for an f that returns no float32 scalar, a list of anything but live float32
 *   variables, one without a trainable variable, and inside a derivative that TensorFlow.js takes by its own tape
 * @throws DifferentiationError if the loss depends on no variable, or through an op without gradient
 * Cost: one evaluation and one backward pass.
 *
 * @example
 * const w = tf.variable(tf.scalar(0.5));
 * // |d/dx tanh(wx) at 1|²
 * const loss = () => tf.square(grad((x) => tf.tanh(tf.mul(w, x)))(tf.scalar(1)));
 * const { value, grads } = variableGrads(loss, [w]);
 * grads[w.name].print();
 */
export function variableGrads(
  f: () => Tensor,
  varList?: readonly Variable[],
): { value: Scalar; grads: NamedTensorMap } {
  const where = 'variableGrads';
  requireFunction(f, where);
  requireDifferentiable(where);
  const given = varList ?? null;
  if (given != null) {
    requireVariables(given, 'varList: a list of tf.Variable', where);
    requireLiveFloats(given, where);
  }
  const variables = trainableAmong(given ?? undefined);
  requireThat(
    variables.length > 0,
    where,
    'at least one trainable float32 variable',
    `${(given ?? Object.values(registeredVariables())).length} variables, none of them such`,
  );
  return tidy(() => {
    const evaluate = (): Scalar => {
      const value = requireValue(f(), where, true) as Scalar;
      // The value is the caller's to dispose, a variable is not.
      return value instanceof Variable ? clone(value) : value;
    };
    const { value, grads } = differentiate(evaluate, variables, null);
    if (grads.every((grad) => grad == null)) throw unconnected();
    const named: Record<string, NamedTensorMap[string] | null> = {};
    variables.forEach(({ name }, i) => {
      if (grads[i] != null) named[name] = grads[i];
    });
    for (const { name, trainable } of given ?? []) if (!trainable) named[name] = null;
    return { value: value as Scalar, grads: named as NamedTensorMap };
  });
}

function unconnected(): DifferentiationError {
  return new DifferentiationError(
    'variableGrads',
    'the loss depends on none of the variables',
    'Use them inside f, as variables and not as tensors that were read from them before.',
    {
      sentence:
        'Cannot find a connection between any variable and the result of the loss function y=f(x). Please make sure ' +
        'the operations that use variables are inside the function f passed to minimize().',
    },
  );
}
