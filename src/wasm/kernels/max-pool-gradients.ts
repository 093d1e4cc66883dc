import { MaxPool3DGrad, MaxPoolGrad } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { poolGeometry, type PoolAttrs } from './pool-attributes.js';

/**
 * The gradient goes to the first maximum of a window. So it does on tfjs's cpu backend in two dimensions, where in three it
 * goes to the last. Stock WASM looks for numbers above the smallest positive one, so it loses windows without any.
 */
function maxPoolGradient(kernelName: string): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      const [dy, x] = [input(call, 'dy'), input(call, 'input')];
      if (!allFloat32(dy, x)) return passOn(stock, heap, call);
      const geometry = poolGeometry(x.shape, dy.shape, attributes<PoolAttrs>(call));
      const dx = heap.output(x.shape);
      heap.functions.maxPoolGradient(heap.pointer(x), heap.pointer(dy), heap.pointer(dx), ...geometry);
      return dx;
    },
  };
}

/** `MaxPoolGrad`, right where a window's maximum is not positive and on ties. */
export const maxPoolGrad = maxPoolGradient(MaxPoolGrad);

/** `MaxPool3DGrad`, right where a window's maximum is not positive; of equal maxima the first, as in two dimensions. */
export const maxPool3dGrad = maxPoolGradient(MaxPool3DGrad);
