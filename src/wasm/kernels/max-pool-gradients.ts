import { MaxPool3DGrad, MaxPoolGrad } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { poolingGradient, type PoolAttrs } from './pool-attributes.js';

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
      const {
        geometry,
        identity,
        dy: fitted,
      } = poolingGradient(heap, dy, x.shape, attributes<PoolAttrs>(call));
      if (identity) return fitted;
      const dx = heap.output(x.shape);
      heap.functions.maxPoolGradient(heap.pointer(x), heap.pointer(fitted), heap.pointer(dx), ...geometry);
      heap.release(fitted);
      return dx;
    },
  };
}

/** `MaxPoolGrad`, right where a window's maximum is not positive and on ties. */
export const maxPoolGrad = maxPoolGradient(MaxPoolGrad);

/** `MaxPool3DGrad`, right where a window's maximum is not positive; of equal maxima the first, as in two dimensions. */
export const maxPool3dGrad = maxPoolGradient(MaxPool3DGrad);
