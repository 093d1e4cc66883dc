import {
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { Heap } from './heap.js';

/** Runs another kernel of the WASM backend, whichever stands in the registry, inside one of ours. */
export function runKernel(
  heap: Heap,
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap = {},
): TensorInfo {
  const kernel = getKernel(name, 'wasm');
  if (kernel == null) throw new Error(`Kernel '${name}' not registered for backend 'wasm'`);
  return heap.own(kernel.kernelFunc({ inputs, attrs, backend: heap.backend }) as TensorInfo);
}

/** The tensor as float32: a second handle if it is one already. Release it. */
export function asFloat32(heap: Heap, x: TensorInfo): TensorInfo {
  if (x.dtype === 'float32') return heap.alias(x, x.shape);
  return runKernel(heap, 'Cast', { x }, { dtype: 'float32' });
}
