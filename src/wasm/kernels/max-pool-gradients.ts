import { MaxPool3DGrad, MaxPoolGrad } from '@tensorflow/tfjs-core';
import type { TrainingKernel } from '../kernel.js';
import { poolGradient } from './pool-gradient.js';

/**
 * The gradient goes to the first maximum of a window. So it does on tfjs's cpu backend in two dimensions, where in three it
 * goes to the last. Stock WASM looks for numbers above the smallest positive one, so it loses windows without any.
 */
function maxPoolGradient(kernelName: string): TrainingKernel {
  return poolGradient(kernelName, (heap, { x, dy, dx }, geometry) =>
    heap.functions.maxPoolGradient(heap.pointer(x), heap.pointer(dy), heap.pointer(dx), ...geometry),
  );
}

/** `MaxPoolGrad`, right where a window's maximum is not positive and on ties. */
export const maxPoolGrad = maxPoolGradient(MaxPoolGrad);

/** `MaxPool3DGrad`, right where a window's maximum is not positive; of equal maxima the first, as in two dimensions. */
export const maxPool3dGrad = maxPoolGradient(MaxPool3DGrad);
