import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../../errors.js';
import { copyOf } from './copies.js';
import { gradientsDeep } from '../derivative-order.js';
import type { KernelCall } from '../engine.js';
import { engineInternals, patchEngine } from '../engine.js';
import { tapeInCharge } from '../../autodiff/tape-in-charge.js';
import type { KernelInputs } from '../corrections/correction.js';
import { findComposition } from '../corrections/table.js';

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

function hasKernel(kernelName: string): boolean {
  return getKernel(kernelName, getBackend()) != null;
}

/**
 * Runs a kernel by `run`.
 *
 * @throws DifferentiationError where it fails because the current backend lacks it and we cannot put it together
 */
export function explainingAbsence<T>(kernelName: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    // Asked for now: each look into the registry costs as much as a small kernel.
    throw hasKernel(kernelName) || findComposition(kernelName) != null ? error : absence(kernelName);
  }
}

function absence(kernelName: string): DifferentiationError {
  const backend = getBackend();
  return new DifferentiationError(
    kernelName,
    `the ${backend} backend has no such kernel`,
    backend === 'wasm'
      ? "Call await registerWasmTrainingKernels() of 'tfjs-curvature/wasm', which brings those of training, or take another backend."
      : 'Take another backend, or write the loss with other ops.',
    {
      order: Math.max(1, gradientsDeep()),
      sentence: `Kernel '${kernelName}' not registered for backend '${backend}'.`,
    },
  );
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
  if (hasKernel(kernelName) && composition.insteadOf?.(inputs, attrs) !== true) return direct(call);
  const own = (ownInputs: KernelInputs, ownAttrs: object): Tensor =>
    direct({ kernelName, inputs: ownInputs, attrs: ownAttrs as NamedAttrMap }) as Tensor;
  return engineInternals().tidy(() => composition.compute(inputs, attrs, own));
}

/** Whether the backend computes a kernel call right by itself. */
export function isRightByItself({ kernelName, inputs, attrs = {} }: KernelCall): boolean {
  if (!hasKernel(kernelName)) return false;
  const composition = findComposition(kernelName);
  if (composition?.insteadOf?.(inputs, attrs) !== true) return true;
  return composition.isRight?.(inputs, attrs) === true;
}

/** Runs `f` with the kernels that TensorFlow.js's own ops ask for composed as well, unless someone records. */
export function withCompositions<T>(f: () => T): T {
  if (tapeInCharge() != null) return f();
  const internals = engineInternals();
  const runKernelFunc = internals.runKernelFunc.bind(internals);
  const composed = (call: KernelCall): Tensor | Tensor[] => copyOf(call) ?? execute(call, runKernelFunc);
  const release = interceptKernels(composed);
  const unpatch = patchEngine({
    runKernel: (kernelName, inputs, attrs) =>
      explainingAbsence(kernelName, () => composed({ kernelName, inputs, attrs })),
  });
  try {
    return f();
  } finally {
    unpatch();
    release();
  }
}
