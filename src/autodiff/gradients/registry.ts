import { getGradient } from '@tensorflow/tfjs-core';
import type { GradientRule } from '../gradient-rule.js';

/** Kernels whose float32 output is piecewise constant: a path through them carries no derivative. */
const constantKernels = new Set(['Ceil', 'Floor', 'OnesLike', 'Round', 'Sign', 'Step', 'ZerosLike']);

const rules = new Map<string, GradientRule>();

/**
 * The gradient of a kernel: ours where TensorFlow.js has none, a wrong one or one that cannot be
 * differentiated again; else the one registered with TensorFlow.js, by itself or by the user.
 *
 * @returns `'constant'` if the derivative is zero wherever it exists, null if no gradient is known
 */
export function findRule(kernel: string): GradientRule | 'constant' | null {
  if (constantKernels.has(kernel)) return 'constant';
  const own = rules.get(kernel);
  if (own != null) return own;
  const stock = getGradient(kernel);
  if (stock == null) return null;
  return {
    kernel,
    saveInputs: stock.saveAllInputs ? 'all' : stock.inputsToSave,
    saveOutputs: stock.outputsToSave,
    pullback: ({ dy, dys, saved, attrs }) => stock.gradFunc(dys.length > 1 ? dys : dy, saved, attrs),
  };
}
