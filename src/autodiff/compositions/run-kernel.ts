import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../engine.js';
import { engineInternals } from '../engine.js';
import type { KernelInputs } from './composition.js';
import { findComposition } from './table.js';

/** Runs a kernel call while someone records. */
type Interceptor = (call: KernelCall) => Tensor | Tensor[];

let interceptor: Interceptor | null = null;

/**
 * Hands every kernel that {@link runKernel} is asked for to `intercept` until the returned function is called.
 */
export function interceptKernels(intercept: Interceptor): () => void {
  const outer = interceptor;
  interceptor = intercept;
  return () => {
    interceptor = outer;
  };
}

/** Runs a kernel that has one output. Recorded when someone records. */
export function runKernel(kernelName: string, inputs: KernelInputs, attrs?: object): Tensor {
  return runKernelWithOutputs(kernelName, inputs, attrs) as Tensor;
}

/** Runs a kernel that may have several outputs. Recorded when someone records. */
export function runKernelWithOutputs(
  kernelName: string,
  inputs: KernelInputs,
  attrs: object = {},
): Tensor | Tensor[] {
  const call = { kernelName, inputs, attrs: attrs as NamedAttrMap };
  if (interceptor != null) return interceptor(call);
  return execute(call, (direct) => engine().runKernel(direct.kernelName, direct.inputs, direct.attrs));
}

/**
 * Computes a kernel call with the composition that stands for it on this backend, or directly.
 *
 * @param direct runs the backend's own kernel
 */
export function execute(
  call: KernelCall,
  direct: (call: KernelCall) => Tensor | Tensor[],
): Tensor | Tensor[] {
  const { kernelName, inputs, attrs = {} } = call;
  const composition = findComposition(kernelName);
  if (composition == null) return direct(call);
  const isMissing = getKernel(kernelName, getBackend()) == null;
  if (!isMissing && composition.insteadOf?.(inputs, attrs) !== true) return direct(call);
  const own = (ownInputs: KernelInputs, ownAttrs: object): Tensor =>
    direct({ kernelName, inputs: ownInputs, attrs: ownAttrs as NamedAttrMap }) as Tensor;
  return engineInternals().tidy(() => composition.compute(inputs, attrs, own));
}
