import '@tensorflow/tfjs-backend-wasm';
import { registerWasmTrainingKernels } from './register.js';

// The backend starts on memory that threads can share before a test starts it.
const undo = await registerWasmTrainingKernels();
if (undo.threads !== 3) throw new Error(`these tests want three threads: ${undo.reason}`);
undo();
