import * as tf from '@tensorflow/tfjs-core';

/** How many bytes of tensors live at most while `run` runs, beyond those that lived before. */
export function peakBytes(run: () => void): number {
  const { state } = tf.engine();
  const before = state.numBytes;
  let present = before;
  let most = before;
  Object.defineProperty(state, 'numBytes', {
    configurable: true,
    get: () => present,
    set: (bytes: number) => {
      present = bytes;
      most = Math.max(most, bytes);
    },
  });
  try {
    run();
  } finally {
    Object.defineProperty(state, 'numBytes', { configurable: true, writable: true, value: present });
  }
  return most - before;
}
