import * as tf from '@tensorflow/tfjs-core';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import type { BackendName } from './choices.js';

/** How each backend is loaded: a page downloads the one it uses. */
const loaders: Record<BackendName, () => Promise<unknown>> = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  webgl: () => import('@tensorflow/tfjs-backend-webgl'),
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
  wasm: async () => {
    const [{ setWasmPaths }, plain, simd, threaded] = await Promise.all([
      import('@tensorflow/tfjs-backend-wasm'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'),
    ]);
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plain.default,
      'tfjs-backend-wasm-simd.wasm': simd.default,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded.default,
    });
  },
};

async function start(name: BackendName): Promise<boolean> {
  try {
    await loaders[name]();
    if (!(await tf.setBackend(name))) return false;
    await tf.ready();
    if (name === 'wasm') await registerWasmTrainingKernels();
    return true;
  } catch {
    return false;
  }
}

/** Starts the backend asked for, or the first that does start of those that remain. */
export async function startBackend(wanted: BackendName): Promise<BackendName> {
  for (const name of new Set<BackendName>([wanted, 'wasm', 'cpu'])) {
    if (await start(name)) return name;
  }
  throw new Error('No backend of TensorFlow.js starts in this browser.');
}
