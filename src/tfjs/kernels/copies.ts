import type { Tensor } from '@tensorflow/tfjs-core';
import { util } from '@tensorflow/tfjs-core';
import { capabilities } from '../capabilities.js';
import type { KernelCall } from '../engine.js';
import { aliasTensor } from '../engine.js';

/**
 * The result of a kernel that does nothing but copy, or call the same values by another shape: a second reference, for the
 * engine's scope. Null for others.
 */
export function copyOf({ kernelName, inputs, attrs }: KernelCall): Tensor | null {
  if (kernelName !== 'Identity' && kernelName !== 'Cast' && kernelName !== 'Reshape') return null;
  const { x } = inputs;
  if (x == null || x.dtype === 'complex64' || x.dtype === 'string') return null;
  if (kernelName === 'Cast' && attrs?.dtype !== x.dtype) return null;
  if (kernelName !== 'Reshape') return forScope(aliasTensor(x));
  if (!capabilities().isFlat) return null;
  const shape = util.inferFromImplicitShape(attrs!.shape as number[], x.size);
  return util.sizeFromShape(shape) === x.size ? forScope(aliasTensor(x, shape)) : null;
}

/** The engine's scope knows of every new tensor. */
function forScope(alias: Tensor): Tensor {
  alias.kept = false;
  return alias;
}
