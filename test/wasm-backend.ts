import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';

/**
 * Makes `name` the current tfjs backend of a test. In Node `tfjs-backend-wasm` resolves to its CommonJS build,
 * which finds its `.wasm` files beside itself, so no path has to be set.
 */
export async function useBackend(name: 'wasm' | 'cpu'): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`tfjs could not initialise its ${name} backend`);
  await tf.ready();
}
