import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import type { KernelInputs } from '../kernels/run-kernel.js';

/**
 * A kernel put together from other kernels, for backends on which it is missing, wrong or many times slower
 * than its parts.
 */
export interface Correction {
  /** Name of the kernel in TensorFlow.js's registry. */
  readonly kernel: string;
  /** Backends whose own kernel it replaces. Default: none; it serves where the kernel is missing. */
  readonly backends?: 'all' | readonly string[];
  /** For which calls it does. Default: for all. */
  readonly when?: (inputs: KernelInputs, attrs: NamedAttrMap) => boolean;
  /** What is wrong with the kernels it replaces, or where there is none. */
  readonly why: string;
  /** Whether a kernel that says it is exact is replaced as well. Default: it is not. */
  readonly evenIfExact?: boolean;
  /** Whether the backend's kernel, though it is replaced, computes the same, only slower. Default: it does not. */
  readonly isRight?: (inputs: KernelInputs, attrs: NamedAttrMap) => boolean;
  /**
   * Computes what the kernel computes. Called inside a `tf.tidy`.
   *
   * @param own runs the backend's own kernel of this name
   */
  readonly compute: (
    inputs: KernelInputs,
    attrs: NamedAttrMap,
    own: (inputs: KernelInputs, attrs: object) => Tensor,
  ) => Tensor | Tensor[];
}

/** Whether a correction replaces the kernel that the current backend has, for this call. */
export function replacesKernel(
  { kernel, backends = [], when, evenIfExact = false }: Correction,
  inputs: KernelInputs,
  attrs: NamedAttrMap,
): boolean {
  if (backends !== 'all' && !backends.includes(getBackend())) return false;
  if (!evenIfExact && isMarkedExact(kernel)) return false;
  return when == null || when(inputs, attrs);
}

/**
 * Key under which a registered kernel says that it is as right and as fast as a kernel can be, so that no
 * correction replaces it. A neutral mark: whoever registers such a kernel may set it.
 */
const exactKernel: unique symbol = Symbol.for('tfjs-curvature.exact');

/** Whether the kernel that would run on the current backend says that it is exact. */
export function isMarkedExact(kernel: string): boolean {
  const registered = getKernel(kernel, getBackend()) as { [exactKernel]?: boolean } | undefined;
  return registered?.[exactKernel] === true;
}

/** Whether the WASM backend is current and what would run is the kernel it came with. */
export function isStockWasmKernel(kernel: string): boolean {
  return getBackend() === 'wasm' && !isMarkedExact(kernel);
}
