import { DifferentiationError } from '../errors.js';

/** What TensorFlow.js says where a backend lacks a kernel. */
const message = /Kernel '(\w+)' not registered for backend '(\w+)'/;

/** What TensorFlow.js would say. */
export function missingKernelSentence(kernel: string, backend: string): string {
  return `Kernel '${kernel}' not registered for backend '${backend}'.`;
}

/** What to do about it. */
export function missingKernelRemedy(backend: string): string {
  return backend === 'wasm'
    ? "Call await registerWasmTrainingKernels() of 'tfjs-curvature/wasm', which brings those of training, or, where it is missing still, take another backend."
    : 'Take another backend, or write the loss with other ops.';
}

/**
 * Runs `f`, and says of a kernel that the backend lacks what brings it.
 *
 * @throws DifferentiationError in place of TensorFlow.js's error about a missing kernel, which is its `cause`
 */
export function explainMissingKernels<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    const [, kernel, backend] = (error instanceof Error ? message.exec(error.message) : null) ?? [];
    if (kernel == null) throw error;
    const explained = new DifferentiationError(
      kernel,
      `the ${backend} backend has no such kernel, which the gradient takes`,
      missingKernelRemedy(backend!),
    );
    explained.cause = error;
    throw explained;
  }
}
