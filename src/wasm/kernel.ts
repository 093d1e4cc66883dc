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
interface KernelCall {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
}

/**
 * How a kernel computes.
 *
 * @param tensors the inputs that it names
 * @param attrs the attributes, under the type that the op gives them
 * @param inputs all inputs, those among them that may be missing
 * @returns null for what stays with the stock kernel
 */
type Compute<Names extends readonly string[], Attrs> = (
  heap: Heap,
  tensors: { readonly [I in keyof Names]: TensorInfo },
  attrs: Attrs,
  inputs: NamedTensorInfoMap,
) => TensorInfo | TensorInfo[] | null;

/** A kernel of the inputs named. */
export function kernel<const Names extends readonly string[], Attrs>(
  kernelName: string,
  names: Names,
  compute: Compute<Names, Attrs>,
): TrainingKernel {
  return define(kernelName, names, false, compute);
}

/** A kernel of float32 inputs; other types stay with the stock kernel. */
export function floatKernel<const Names extends readonly string[], Attrs>(
  kernelName: string,
  names: Names,
  compute: Compute<Names, Attrs>,
): TrainingKernel {
  return define(kernelName, names, true, compute);
}

function define<Names extends readonly string[], Attrs>(
  kernelName: string,
  names: Names,
  floatsOnly: boolean,
  compute: Compute<Names, Attrs>,
): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      // A loop: this runs before every small op of a training step.
      const tensors: TensorInfo[] = [];
      for (const name of names) {
        const tensor = input(call, name);
        if (floatsOnly && tensor.dtype !== 'float32') return passOn(stock, heap, call);
        tensors.push(tensor);
      }
      const named = tensors as unknown as { readonly [I in keyof Names]: TensorInfo };
      return compute(heap, named, call.attrs as unknown as Attrs, call.inputs) ?? passOn(stock, heap, call);
    },
  };
}

/** An input that the op's own checks guarantee. */
export function input(call: KernelCall, name: string): TensorInfo {
  const tensor = call.inputs[name];
  if (tensor == null) throw new Error(`WASM training kernels: missing input '${name}'`);
  return tensor;
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
