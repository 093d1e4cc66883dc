import {
  AvgPool3DGrad,
  AvgPoolGrad,
  MaxPool3DGrad,
  MaxPoolGrad,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { poolGradient } from '../geometry/output-gradient.js';
import { poolArguments, type PoolArguments, type PoolAttrs } from '../geometry/windows.js';
import type { Heap } from '../heap.js';
import { floatKernel, type TrainingKernel } from '../kernel.js';
import { isIdentity } from './pool.js';

type Compute = (heap: Heap, x: TensorInfo, dy: TensorInfo, dx: TensorInfo, geometry: PoolArguments) => void;

/** The gradient of a pooling by its input; `compute` fills `dx`. */
function gradient(kernelName: string, compute: Compute): TrainingKernel {
  return floatKernel(kernelName, ['dy', 'input'], (heap, { dy, input: x }, attrs: PoolAttrs) => {
    const fitted = poolGradient(heap, dy, x.shape, attrs);
    if (isIdentity(fitted.windows)) return fitted.dy;
    const dx = heap.output(x.shape);
    compute(heap, x, fitted.dy, dx, poolArguments(fitted.windows));
    heap.release(fitted.dy);
    return dx;
  });
}

/**
 * The gradient goes to the first maximum of a window. So it does on tfjs's cpu backend in two dimensions, where in three it
 * goes to the last. Stock WASM looks for numbers above the smallest positive one, so it loses windows without any.
 */
const maximum: Compute = (heap, x, dy, dx, geometry) =>
  heap.functions.maxPoolGradient(heap.pointer(x), heap.pointer(dy), heap.pointer(dx), ...geometry);

/**
 * The forward kernels divide a window at the border by the number of its cells inside the input; so does this.
 * (Stock gradients, on wasm as on cpu, divide by the full window there.)
 */
const average: Compute = (heap, _x, dy, dx, geometry) =>
  heap.functions.averagePoolGradient(heap.pointer(dy), heap.pointer(dx), ...geometry);

export const maxPoolGrad = gradient(MaxPoolGrad, maximum);
export const maxPool3dGrad = gradient(MaxPool3DGrad, maximum);
export const avgPoolGrad = gradient(AvgPoolGrad, average);
export const avgPool3dGrad = gradient(AvgPool3DGrad, average);
