import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { PullbackContext } from '../gradient-rule.js';
import { multiplyNoNan, step } from '../../tfjs/kernels/kernel-ops.js';

/*
 * TensorFlow.js fuses an activation into a product or convolution. While it differentiates it fuses none but
 * the identity; relu is the one other whose derivative can be read off the output.
 */

/** What {@link fusedActivationAdjoint} needs of the output: the mask of relu, or nothing. */
export function fusedActivationMask(
  _inputs: NamedTensorMap,
  [y]: readonly Tensor[],
  attrs: NamedAttrMap,
): Tensor[] {
  return attrs.activation === 'relu' ? [step(y!)] : [];
}

/** The adjoint of what went into the activation. */
export function fusedActivationAdjoint({ dy, constants, attrs }: PullbackContext): Tensor {
  const { activation } = attrs;
  if (activation == null || activation === 'linear') return dy;
  if (activation === 'relu') return multiplyNoNan(dy, constants[0]!);
  throw new Error(
    `the fused activation '${String(activation)}' has no gradient; apply it as an op of its own`,
  );
}
