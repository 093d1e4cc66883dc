import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { useBackend } from '../wasm-backend.js';
import type { ContractBackend } from './contract-backend.js';

/** A backend of Node. Its tensors live in host memory: reading them is no burden. */
export function nodeBackend(name: 'cpu' | 'wasm'): ContractBackend {
  return {
    use: () => useBackend(name),
    // Half a dozen float32 products and sums leave 5e-7.
    tolerance: 1e-6,
    tidily: async (f) => {
      const { numTensors, numBytes } = tf.memory();
      await f();
      expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    },
  };
}
