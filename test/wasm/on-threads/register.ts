import { registerWasmTrainingKernels as register } from '../../../src/wasm/register.js';

/** How many threads the project in vitest.projects.ts asks for. */
export const threads = Number(process.env.THREADS);

/** As from src/wasm/index.ts, on so many threads. */
export const registerWasmTrainingKernels: typeof register = (options) => register({ threads, ...options });
