/**
 * Kernels for training on TensorFlow.js's WASM backend, on any number of threads.
 *
 * @module tfjs-curvature/wasm
 */

export { registerWasmTrainingKernels, type UndoWasmKernels } from './register.js';
export type { WasmKernelOptions } from './threads/options.js';
