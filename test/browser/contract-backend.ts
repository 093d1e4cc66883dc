import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { ContractBackend } from '../contract/contract-backend.js';
import { useBackend } from './backend.js';
import { synchronousReads } from './synchronous-reads.js';

/** The backend of this run. On a GPU nothing may be read synchronously: it stalls WebGL, and WebGPU breaks over it. */
export const browserBackend: ContractBackend = {
  use: useBackend,
  // All backends compute in full float32, where half a dozen products and sums leave 5e-7; the logarithms and
  // exponentials of SwiftShader's GPUs are good to a few units in the last place.
  tolerance: 2e-6,
  tidily: async (f) => {
    const { numTensors } = tf.memory();
    expect(await synchronousReads(f), 'synchronous reads').toEqual([]);
    expect(tf.memory().numTensors, 'tensors').toBe(numTensors);
  },
};
