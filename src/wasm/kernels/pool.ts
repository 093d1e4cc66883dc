import { AvgPool, AvgPool3D, MaxPool, MaxPool3D } from '@tensorflow/tfjs-core';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { pooling, type PoolAttrs } from './pool-attributes.js';

/**
 * Pooling by cpu's rules. Stock WASM sizes its output by other rules where it pads by numbers and rounds, and leaves
 * what it does not reach unwritten; in three dimensions its maximum of a window without positive numbers is 0.
 * Of a window without any cell cpu takes −∞ for the maximum and 0/0 for the average, in three dimensions 0.
 */
function pool(kernelName: string, average: boolean, least = 0): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      const x = input(call, 'x');
      if (!allFloat32(x)) return passOn(stock, heap, call);
      const { outShape, geometry, identity } = pooling(x.shape, attributes<PoolAttrs>(call));
      if (identity) return heap.alias(x, outShape);
      const y = heap.output(outShape);
      heap.functions.pool(heap.pointer(x), heap.pointer(y), ...geometry, Number(average), least);
      return y;
    },
  };
}

export const maxPool = pool(MaxPool, false);
export const maxPool3d = pool(MaxPool3D, false);
export const avgPool = pool(AvgPool, true);
export const avgPool3d = pool(AvgPool3D, true, 1);
