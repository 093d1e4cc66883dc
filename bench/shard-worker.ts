import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import workerpool from 'workerpool';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { createShardService } from '../src/workers/index.js';

workerpool.worker({
  ...createShardService(async () => {
    await tf.setBackend('wasm');
    await registerWasmTrainingKernels();
  }),
});
