import { AvgPool3DGrad, AvgPoolGrad } from '@tensorflow/tfjs-core';
import type { TrainingKernel } from '../kernel.js';
import { poolGradient } from './pool-gradient.js';

/**
 * The forward kernels divide a window at the border by the number of its cells inside the input; so does this.
 * (Stock gradients, on wasm as on cpu, divide by the full window there.)
 */
function averagePoolGradient(kernelName: string): TrainingKernel {
  return poolGradient(kernelName, (heap, { dy, dx }, geometry) =>
    heap.functions.averagePoolGradient(heap.pointer(dy), heap.pointer(dx), ...geometry),
  );
}

/** `AvgPoolGrad`, right where windows hang over the edge. */
export const avgPoolGrad = averagePoolGradient(AvgPoolGrad);

/** `AvgPool3DGrad`, right where windows hang over the edge. */
export const avgPool3dGrad = averagePoolGradient(AvgPool3DGrad);
