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

/** The inputs of a call, those named for certain. */
type Inputs<Names extends string> = NamedTensorInfoMap & { readonly [Name in Names]: TensorInfo };

/** Computes with the attributes that the op gives; null for what stays with the stock kernel. */
type Compute<Names extends string, Attrs> = (
  heap: Heap,
  inputs: Inputs<Names>,
  attrs: Attrs,
) => TensorInfo | TensorInfo[] | null;

/** A kernel of the inputs named, and of others that may be missing. */
export function kernel<Names extends string, Attrs>(
  kernelName: string,
  names: readonly Names[],
  compute: Compute<Names, Attrs>,
): TrainingKernel {
  return define(kernelName, names, false, compute);
}

/** A kernel whose inputs named are float32; other types stay with the stock kernel. */
export function floatKernel<Names extends string, Attrs>(
  kernelName: string,
  names: readonly Names[],
  compute: Compute<Names, Attrs>,
): TrainingKernel {
  return define(kernelName, names, true, compute);
}

function define<Names extends string, Attrs>(
  kernelName: string,
  names: readonly Names[],
  floatsOnly: boolean,
  compute: Compute<Names, Attrs>,
): TrainingKernel {
  return {
    kernelName,
    create: (heap, stock) => (call) => {
      for (const name of names) {
        const { dtype } = input(call, name);
        if (floatsOnly && dtype !== 'float32') return passOn(stock, heap, call);
      }
      const inputs = call.inputs as Inputs<Names>;
      return compute(heap, inputs, call.attrs as unknown as Attrs) ?? passOn(stock, heap, call);
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
