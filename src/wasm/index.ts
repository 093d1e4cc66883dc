export { registerWasmTrainingKernels, type UndoWasmKernels } from './register.js';
export type { WasmKernelOptions } from './threads/options.js';
