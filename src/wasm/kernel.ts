import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.js';

/** One kernel of the WASM backend: its name in tfjs's registry and how it computes. */
export interface TrainingKernel {
  readonly kernelName: string;
  /**
   * @param heap tfjs's heap and the compiled functions
   * @param stock what tfjs had under this name, for the cases that stay with it; throws by name where it had nothing
   */
  create(heap: Heap, stock: KernelFunc): (call: KernelCall) => TensorInfo | TensorInfo[];
}

/** What tfjs hands a kernel. */
export interface KernelCall {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
}

/** An input that the op's own checks guarantee. */
export function input(call: KernelCall, name: string): TensorInfo {
  const tensor = call.inputs[name];
  if (tensor == null) throw new Error(`WASM training kernels: missing input '${name}'`);
  return tensor;
}

/** The attributes of a call under the type that the op gives them. */
export function attributes<T>(call: KernelCall): T {
  return call.attrs as unknown as T;
}

/** Hands a call on, unchanged, to the kernel that tfjs brought. */
export function passOn(stock: KernelFunc, heap: Heap, call: KernelCall): TensorInfo | TensorInfo[] {
  return stock({ inputs: call.inputs, attrs: call.attrs, backend: heap.backend });
}

/** True when every tensor holds float32, the only type the compiled functions compute with. */
export function allFloat32(...tensors: TensorInfo[]): boolean {
  return tensors.every((tensor) => tensor.dtype === 'float32');
}

/** True for the types that move as 4-byte elements, whatever they mean. */
export function fourBytes(tensor: TensorInfo): boolean {
  return tensor.dtype === 'float32' || tensor.dtype === 'int32';
}
