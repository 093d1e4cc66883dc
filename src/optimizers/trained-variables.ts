import type { NamedTensorMap, Variable } from '@tensorflow/tfjs-core';
import { Tensor, util } from '@tensorflow/tfjs-core';
import { requireArgument } from '../errors.js';
import { registeredVariables } from '../tfjs/engine.js';
import type { NamedTensor } from './named-tensor.js';

/** The gradients that are not null, by variable, from either form that `Optimizer.applyGradients` takes. */
export function gradientsByVariable(gradients: NamedTensorMap | NamedTensor[]): Map<Variable, Tensor> {
  const registered = registeredVariables();
  const where = 'NSGD.applyGradients';
  const isObject = typeof gradients === 'object' && gradients !== null;
  requireArgument(isObject, where, 'gradients, a map or a list {name, tensor}', gradients);
  const entries: readonly (readonly [string, Tensor | null])[] = Array.isArray(gradients)
    ? Array.from(gradients, (entry: NamedTensor | null) => {
        const isNamed = typeof entry === 'object' && typeof entry?.name === 'string';
        requireArgument(isNamed, where, 'gradients {name, tensor} in the list', entry);
        return [entry.name, entry.tensor];
      })
    : Object.entries(gradients);
  const byVariable = new Map<Variable, Tensor>();
  for (const [name, tensor] of entries) {
    if (tensor == null) continue;
    const variable = Object.hasOwn(registered, name) ? registered[name] : undefined;
    requireArgument(variable != null, where, 'gradients by the name of a variable', name);
    const isLive = tensor instanceof Tensor && !tensor.isDisposed && tensor.dtype === 'float32';
    requireArgument(isLive, where, `a live float32 tensor for variable '${name}'`, tensor);
    requireArgument(
      util.arraysEqual(tensor.shape, variable.shape),
      where,
      `a gradient of shape [${variable.shape}] for variable '${name}'`,
      tensor,
    );
    byVariable.set(variable, tensor);
  }
  return byVariable;
}
