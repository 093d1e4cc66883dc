/// <reference types="vite/client" />
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { inject } from 'vitest';

/** What a page can run on. */
export type BrowserBackend = 'cpu' | 'wasm' | 'wasm-threaded' | 'webgl' | 'webgpu';

declare module 'vitest' {
  interface ProvidedContext {
    /** The backend that this run of the files is for. */
    backend: BrowserBackend;
  }
}

/** The backend of this run. */
export const backend: BrowserBackend = inject('backend');

/** Whether tensors live on a GPU, here one drawn on the CPU: slow, and reading from it is a burden. */
export const isDevice: boolean = backend === 'webgl' || backend === 'webgpu';

/** Makes the backend of this run the current one. The first call starts it. */
export async function useBackend(): Promise<void> {
  const name = backend === 'wasm-threaded' ? 'wasm' : backend;
  if (name === 'wasm') {
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', backend === 'wasm-threaded');
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plain,
      'tfjs-backend-wasm-simd.wasm': simd,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded,
    });
  }
  if (!(await tf.setBackend(name))) throw new Error(`tfjs could not initialise its ${backend} backend`);
  await tf.ready();
}
