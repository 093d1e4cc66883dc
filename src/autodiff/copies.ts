import type { Tensor } from '@tensorflow/tfjs-core';
import type { KernelCall } from './engine.js';
import { aliasTensor, handToScope } from './engine.js';

/** The result of a kernel that does nothing but copy: a second hold, for the engine's scope. Null for others. */
export function copyOf({ kernelName, inputs, attrs }: KernelCall): Tensor | null {
  if (kernelName !== 'Identity' && kernelName !== 'Cast') return null;
  const { x } = inputs;
  if (x == null || x.dtype === 'complex64' || x.dtype === 'string') return null;
  if (kernelName === 'Cast' && attrs?.dtype !== x.dtype) return null;
  const copy = aliasTensor(x);
  handToScope(copy);
  return copy;
}
