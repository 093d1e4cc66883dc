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

/** A backend that computes, and on how many threads its kernels of ours run. */
export interface StartedBackend {
  readonly name: BackendName;
  readonly threads: number;
}

/** Starts a backend; null where it does not start. */
async function start(name: BackendName): Promise<StartedBackend | null> {
  try {
    await loaders[name]();
    if (!(await tf.setBackend(name))) return null;
    await tf.ready();
    if (name !== 'wasm') return { name, threads: 1 };
    // Only a page that is isolated from others has memory that threads can share.
    const { threads } = await registerWasmTrainingKernels({ threads: crossOriginIsolated ? 'auto' : 1 });
    return { name, threads };
  } catch {
    return null;
  }
}

/** Starts the backend asked for, or the first that does start of those that remain. */
export async function startBackend(wanted: BackendName): Promise<StartedBackend> {
  for (const name of new Set<BackendName>([wanted, 'wasm', 'cpu'])) {
    const started = await start(name);
    if (started != null) return started;
  }
  throw new Error('No backend of TensorFlow.js starts in this browser.');
}
