import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import workerpool from 'workerpool';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { createShardService } from '../../src/workers/index.js';

const service = createShardService(async () => {
  await tf.setBackend('wasm');
  await registerWasmTrainingKernels();
});

let isDoomed = false;

workerpool.worker({
  ...service,
  product: (...args: Parameters<typeof service.product>) =>
    isDoomed ? process.exit(1) : service.product(...args),
  die: () => process.exit(1),
  dieAtNextProduct: () => {
    isDoomed = true;
  },
});
