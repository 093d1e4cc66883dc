import { AvgPool3DGrad, AvgPoolGrad } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { poolingGradient, type PoolAttrs } from './pool-attributes.js';

/**
 * The forward kernels divide a window at the border by the number of its cells inside the input; so does this.
 * (Stock gradients, on wasm as on cpu, divide by the full window there.)
 */
function averagePoolGradient(kernelName: string): TrainingKernel {
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
      heap.functions.averagePoolGradient(heap.pointer(fitted), heap.pointer(dx), ...geometry);
      heap.release(fitted);
      return dx;
    },
  };
}

/** `AvgPoolGrad`, right where windows hang over the edge. */
export const avgPoolGrad = averagePoolGradient(AvgPoolGrad);

/** `AvgPool3DGrad`, right where windows hang over the edge. */
export const avgPool3dGrad = averagePoolGradient(AvgPool3DGrad);
