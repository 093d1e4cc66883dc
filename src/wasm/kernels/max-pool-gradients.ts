import { MaxPool3DGrad, MaxPoolGrad } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { poolGeometry, type PoolAttrs } from './pool-attributes.js';

/**
 * `last`: the tie rule of tfjs's cpu backend, the first maximum of a window in two dimensions and the last in
 * three. Stock WASM looks for numbers above the smallest positive one, so it loses windows without any.
 */
function maxPoolGradient(kernelName: string, last: boolean): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      const [dy, x] = [input(call, 'dy'), input(call, 'input')];
      if (!allFloat32(dy, x)) return passOn(stock, heap, call);
      const geometry = poolGeometry(x.shape, dy.shape, attributes<PoolAttrs>(call));
      const dx = heap.output(x.shape);
      heap.functions.maxPoolGradient(
        heap.pointer(x),
        heap.pointer(dy),
        heap.pointer(dx),
        ...geometry,
        Number(last),
      );
      return dx;
    },
  };
}

/** `MaxPoolGrad`, right where a window's maximum is not positive and on ties. */
export const maxPoolGrad = maxPoolGradient(MaxPoolGrad, false);

/** `MaxPool3DGrad`, right where a window's maximum is not positive. */
export const maxPool3dGrad = maxPoolGradient(MaxPool3DGrad, true);
