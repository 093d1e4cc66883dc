import { util } from '@tensorflow/tfjs-core';
import { allFloat32, input, passOn, type TrainingKernel } from '../kernel.js';

/*
 * Slopes of activations that level off, from their argument: kernels that TensorFlow.js does not have, which the
 * differentiation of this package asks for by name. The value `y` that they are given besides is not needed.
 */

/** height · σ′(steepness · x) */
function logisticSlope(kernelName: string, steepness: number, height: number): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      const x = input(call, 'x');
      if (!allFloat32(x)) return passOn(stock, heap, call);
      const slope = heap.output(x.shape);
      const n = util.sizeFromShape(x.shape);
      heap.functions.logisticSlope(heap.pointer(x), heap.pointer(slope), n, steepness, height);
      return slope;
    },
  };
}

/** σ′(x) */
export const sigmoidSlope = logisticSlope('tfjs-curvature/SigmoidSlope', 1, 1);

/** 1 − tanh² x = 4 σ′(2x) */
export const tanhSlope = logisticSlope('tfjs-curvature/TanhSlope', 2, 4);
