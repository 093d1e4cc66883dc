import '@tensorflow/tfjs-backend-wasm';
import { registerWasmTrainingKernels, threads } from './register.js';

// The backend starts on memory that threads can share before a test starts it.
const undo = await registerWasmTrainingKernels();
if (undo.threads !== threads) throw new Error(`these tests want ${threads} threads: ${undo.reason}`);
undo();
