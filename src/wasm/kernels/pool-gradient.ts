import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.js';
import { allFloat32, attributes, input, passOn, type TrainingKernel } from '../kernel.js';
import { poolingGradient, type PoolArguments, type PoolAttrs } from './pool-attributes.js';

/**
 * The gradient of a pooling by its input.
 *
 * @param compute fills `dx` from the pooling's input `x` and the gradient `dy` of its result
 */
export function poolGradient(
  kernelName: string,
  compute: (
    heap: Heap,
    tensors: { readonly x: TensorInfo; readonly dy: TensorInfo; readonly dx: TensorInfo },
    geometry: PoolArguments,
  ) => void,
): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      const [dy, x] = [input(call, 'dy'), input(call, 'input')];
      if (!allFloat32(dy, x)) return passOn(stock, heap, call);
      const pooling = poolingGradient(heap, dy, x.shape, attributes<PoolAttrs>(call));
      if (pooling.identity) return pooling.dy;
      const dx = heap.output(x.shape);
      compute(heap, { x, dy: pooling.dy, dx }, pooling.geometry);
      heap.release(pooling.dy);
      return dx;
    },
  };
}
