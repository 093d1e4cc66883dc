import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import { DifferentiationError } from '../../errors.js';
import { gradientsDeep } from '../derivative-order.js';
import type { KernelCall } from '../engine.js';
import { engineInternals, isRecorded } from '../engine.js';
import { copyOf } from '../kernels/copies.js';
import { interceptKernels, type KernelInputs } from '../kernels/run-kernel.js';
import { missingKernelRemedy, missingKernelSentence } from '../missing-kernel.js';
import { patchEngine } from '../patches.js';
import { replacesKernel } from './correction.js';
import { corrections } from './list.js';

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
    throw hasKernel(kernelName) || corrections.find(kernelName) != null ? error : absence(kernelName);
  }
}

function absence(kernelName: string): DifferentiationError {
  const backend = getBackend();
  return new DifferentiationError(
    kernelName,
    `the ${backend} backend has no such kernel`,
    missingKernelRemedy(backend),
    { order: Math.max(1, gradientsDeep()), sentence: missingKernelSentence(kernelName, backend) },
  );
}

/**
 * Computes a kernel call by the correction that stands for it on this backend, or directly.
 *
 * @param direct runs the backend's own kernel
 */
export function execute(
  call: KernelCall,
  direct: (call: KernelCall) => Tensor | Tensor[],
): Tensor | Tensor[] {
  const { kernelName, inputs, attrs = {} } = call;
  const correction = corrections.find(kernelName);
  if (correction == null) return direct(call);
  const isThere = hasKernel(kernelName);
  if (isThere && !replacesKernel(correction, inputs, attrs)) return direct(call);
  const own = (ownInputs: KernelInputs, ownAttrs: object): Tensor => {
    if (!isThere) throw absence(kernelName);
    return direct({ kernelName, inputs: ownInputs, attrs: ownAttrs as NamedAttrMap }) as Tensor;
  };
  return engineInternals().tidy(() => correction.compute(inputs, attrs, own));
}

/** Whether the backend computes a kernel call right by itself, or says itself that it has no such kernel. */
export function isRightByItself({ kernelName, inputs, attrs = {} }: KernelCall): boolean {
  const correction = corrections.find(kernelName);
  if (correction == null) return true;
  if (!hasKernel(kernelName)) return false;
  return !replacesKernel(correction, inputs, attrs) || correction.isRight?.(inputs, attrs) === true;
}

/** Runs `f` with the kernels that it asks for, by ours or by TensorFlow.js's own ops, corrected, unless someone records. */
export function withCorrections<T>(f: () => T): T {
  if (isRecorded()) return f();
  const internals = engineInternals();
  const runKernelFunc = internals.runKernelFunc.bind(internals);
  const corrected = (call: KernelCall): Tensor | Tensor[] => copyOf(call) ?? execute(call, runKernelFunc);
  const release = interceptKernels(corrected);
  const unpatch = patchEngine({
    runKernel: (kernelName, inputs, attrs) =>
      explainingAbsence(kernelName, () => corrected({ kernelName, inputs, attrs })),
  });
  try {
    return f();
  } finally {
    unpatch();
    release();
  }
}
