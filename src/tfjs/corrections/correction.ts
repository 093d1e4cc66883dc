import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { getBackend, getKernel } from '@tensorflow/tfjs-core';

/** Inputs of a kernel by name; an optional one may be absent. */
export type KernelInputs = Readonly<Record<string, Tensor>>;

/**
 * A kernel put together from other kernels, for backends on which it is missing, wrong or many times slower
 * than its parts.
 */
export interface Composition {
  /** Name of the kernel in TensorFlow.js's registry. */
  readonly kernel: string;
  /** Whether to use it although the backend has the kernel; by default only where the kernel is missing. */
  readonly insteadOf?: (inputs: KernelInputs, attrs: NamedAttrMap) => boolean;
  /** Whether the backend's kernel, though it is not used, computes the same, only slower. Default: it does not. */
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

/**
 * Key under which a registered kernel says that it is as right and as fast as a kernel can be, so that no
 * composition replaces it. A neutral mark: whoever registers such a kernel may set it.
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
