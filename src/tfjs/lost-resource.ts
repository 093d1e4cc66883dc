import type { Tensor } from '@tensorflow/tfjs-core';
import { engine } from '@tensorflow/tfjs-core';

/** How JavaScript, WebAssembly and the GPU backends say that memory is used up. */
const memoryMessages =
  /out[ _]of[ _]memory|alloc|memory\.grow|invalid (typed )?array length|unable to create webgl|texture size .* greater/i;

/**
 * What a failure inside a gradient was, where the op is not to blame: memory that is used up, or a backend that is
 * gone.
 *
 * @param tensors some that have to be alive
 * @returns the error to throw; null if it was something else
 */
export function lostResource(cause: unknown, tensors: readonly Tensor[]): Error | null {
  if (isBackendLost(tensors)) return lostBackend(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!memoryMessages.test(message)) return null;
  const error = new RangeError(
    `Out of memory while computing a gradient (${message}). ` +
      'Take a smaller batch (`batchSize` of an objective, or fewer examples in the loss), a smaller model, or retain: false.',
  );
  error.cause = cause;
  return error;
}

/** The error for tensors whose backend is gone. */
export function lostBackend(cause?: unknown): Error {
  const error = new Error(
    'The TensorFlow.js backend was removed or reset while its tensors were in use, and their values are lost. ' +
      'Set a backend with tf.setBackend and make the tensors and variables anew.',
  );
  error.cause = cause;
  return error;
}

function isBackendLost(tensors: readonly Tensor[]): boolean {
  const { backendName, state } = engine() as unknown as {
    backendName: string | null;
    state: { tensorInfo: WeakMap<object, unknown> };
  };
  return (
    backendName == null ||
    tensors.some(({ isDisposed, dataId }) => !isDisposed && !state.tensorInfo.has(dataId))
  );
}
