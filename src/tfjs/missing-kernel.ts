import { DifferentiationError } from '../errors.js';

/** What TensorFlow.js says where a backend lacks a kernel. */
const message = /Kernel '(\w+)' not registered for backend '(\w+)'/;

/** Whether an error is TensorFlow.js's about a kernel that the backend lacks. */
export function isMissingKernel(error: unknown): boolean {
  return error instanceof Error && message.test(error.message);
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
      backend === 'wasm'
        ? "Call await registerWasmTrainingKernels() of 'tfjs-curvature/wasm' before training."
        : 'Take another backend, or write the loss with other ops.',
    );
    explained.cause = error;
    throw explained;
  }
}
