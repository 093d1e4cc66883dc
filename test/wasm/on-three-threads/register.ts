import { registerWasmTrainingKernels as register } from '../../../src/wasm/register.js';

/** As from src/wasm/index.ts, on three threads. */
export const registerWasmTrainingKernels: typeof register = (options) => register({ threads: 3, ...options });
