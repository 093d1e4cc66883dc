import * as tf from '@tensorflow/tfjs-core';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';

// Run by exit.test.ts: ends with helpers that sleep, or at once after a job, with helpers that look for the next one.
const undo = await registerWasmTrainingKernels({ threads: 3 });
await useBackend('wasm');
const sum = tf.sum(tf.matMul(tf.ones([256, 256]), tf.ones([256, 256]))).dataSync()[0];
if (process.argv[2] === 'asleep') await new Promise((resolve) => setTimeout(resolve, 200));
if (process.argv[2] === 'undone') undo();
if (process.argv[2] === 'told to') process.exit(undo.threads);
process.stdout.write(`${sum} on ${undo.threads}`);
