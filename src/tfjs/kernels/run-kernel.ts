import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../engine.js';
import { engineInternals } from '../engine.js';

/** Inputs of a kernel by name; an optional one may be absent. */
export type KernelInputs = Readonly<Record<string, Tensor>>;

/** Runs a kernel call in place of the engine. */
type Interceptor = (call: KernelCall) => Tensor | Tensor[];

let interceptor: Interceptor | null = null;

/**
 * Hands every kernel that {@link runKernel} is asked for to `intercept` until the returned function is called: to who
 * records, or to who corrects kernels.
 */
export function interceptKernels(intercept: Interceptor): () => void {
  const outer = interceptor;
  interceptor = intercept;
  return () => {
    interceptor = outer;
  };
}

/** Runs a kernel that has one output. */
export function runKernel(kernelName: string, inputs: KernelInputs, attrs?: object): Tensor {
  return runKernelWithOutputs(kernelName, inputs, attrs) as Tensor;
}

/** Runs a kernel that may have several outputs. */
export function runKernelWithOutputs(
  kernelName: string,
  inputs: KernelInputs,
  attrs: object = {},
): Tensor | Tensor[] {
  const call = { kernelName, inputs, attrs: attrs as NamedAttrMap };
  return interceptor == null
    ? engineInternals().runKernel(kernelName, inputs, call.attrs)
    : interceptor(call);
}
