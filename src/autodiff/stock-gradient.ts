import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { keep, tidy } from '@tensorflow/tfjs-core';
import type { ParameterSpace } from '../parameters.js';
import { engineInternals } from '../tfjs/engine.js';
import { withStockTape } from '../tfjs/stock-tape-release.js';

/**
 * L(θ) and ∇L(θ) by TensorFlow.js's own first-order differentiation: the way out for losses with ops that
 * cannot be differentiated twice.
 *
 * @param f computes the loss, a float32 scalar; called once
 * @returns the loss and the gradient [n], with zeros for variables it does not reach; the caller disposes both
 */
export function stockGradient(
  f: () => Tensor,
  parameters: ParameterSpace,
): { loss: Scalar; gradient: Tensor1D } {
  const result: { loss?: Scalar; gradient?: Tensor1D } = {};
  tidy(() => {
    const variables = parameters.variables as Variable[];
    const { value, grads } = withStockTape(() => engineInternals().gradients(f, variables, null, true));
    const gradient = parameters.flatten(grads);
    result.loss = keep(value as Scalar);
    result.gradient = keep(gradient);
  });
  return result as Required<typeof result>;
}
