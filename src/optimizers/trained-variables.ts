import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import { engine, util } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import type { NamedTensor } from './named-tensor.js';

/**
 * The variables that a step can move: float32, trainable and alive, each once.
 *
 * @param variables default: all that exist, as in `Optimizer.minimize`
 */
export function trainableVariables(
  variables: readonly Variable[] = Object.values(engine().registeredVariables),
): Variable[] {
  return [...new Set(variables)].filter(
    (variable) => variable.trainable && variable.dtype === 'float32' && !variable.isDisposed,
  );
}

/** The gradients that are not null, by variable, from either form that `Optimizer.applyGradients` takes. */
export function gradientsByVariable(gradients: NamedTensorMap | NamedTensor[]): Map<Variable, Tensor> {
  const { registeredVariables } = engine();
  const entries: readonly (readonly [string, Tensor | null])[] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor])
    : Object.entries(gradients);
  const byVariable = new Map<Variable, Tensor>();
  for (const [name, tensor] of entries) {
    if (tensor == null) continue;
    const variable = registeredVariables[name];
    requireArgument(variable != null, 'NSGD.applyGradients', 'gradients by the name of a variable', name);
    requireArgument(
      util.arraysEqual(tensor.shape, variable.shape),
      'NSGD.applyGradients',
      `a gradient of shape [${variable.shape}] for variable '${name}'`,
      tensor,
    );
    byVariable.set(variable, tensor);
  }
  return byVariable;
}
