import * as tf from '@tensorflow/tfjs-core';
import { CurvatureArgumentError } from '../errors.js';

/** The parts of tfjs's WASM backend that kernels need. */
export interface WasmBackend extends tf.KernelBackend {
  /** null once tfjs has removed the backend */
  readonly wasm: {
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly wasmMemory?: WebAssembly.Memory;
    readonly HEAPU8: Uint8Array;
    _malloc: (bytes: number) => number;
    _free(pointer: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  incRef(dataId: object): void;
}

/** The running WASM backend, started if need be without changing which backend is current. */
export async function startBackend(): Promise<WasmBackend> {
  const current = tf.engine().backendName;
  if (tf.findBackendFactory('wasm') == null) {
    throw new CurvatureArgumentError(
      'registerWasmTrainingKernels',
      "the wasm backend: import '@tensorflow/tfjs-backend-wasm' first",
      'none',
    );
  }
  if (current !== 'wasm') {
    if (!(await tf.setBackend('wasm'))) {
      throw new Error(
        'registerWasmTrainingKernels: tfjs could not start its wasm backend (see setWasmPaths)',
      );
    }
    if (current != null) await tf.setBackend(current);
  }
  await tf.ready();
  return tf.findBackend('wasm') as WasmBackend;
}

/** The memory that its tensors lie in. */
export function memoryOf({ wasm }: WasmBackend): WebAssembly.Memory {
  const memory = wasm.asm?.memory ?? wasm.wasmMemory;
  if (memory != null) return memory;
  throw new CurvatureArgumentError(
    'registerWasmTrainingKernels',
    'a WASM backend that shows its memory (tfjs-backend-wasm 4.x)',
    'one that does not',
  );
}

/**
 * Makes tfjs's WASM backend throw when its memory is used up. tfjs itself takes the address 0, by which an allocation
 * says that it has failed, for a place to write to, and goes on with tensors that lie on top of each other.
 *
 * @returns a function that takes the guard away
 */
export function guardMemory({ wasm }: WasmBackend): () => void {
  // Until it is first called, the function is one that puts another in its place.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc;
  const guarded = (bytes: number): number => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) {
      throw new RangeError(`WASM backend: out of memory, ${bytes} bytes could not be allocated`);
    }
    return address;
  };
  wasm._malloc = guarded;
  return () => {
    if (wasm._malloc === guarded) wasm._malloc = allocate;
  };
}
