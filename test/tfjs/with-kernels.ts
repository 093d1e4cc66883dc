// The training kernels, registered after every start of the WASM backend: tests remove backends and start them anew.
import * as tf from '@tensorflow/tfjs-core';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { countUse, engineMethods } from './engine-hooks';

const { setBackend } = engineMethods;
engineMethods.setBackend = async function (name) {
  const started = await setBackend.call(this, name);
  if (started && name === 'wasm' && (this as unknown) === tf.engine()) {
    await registerWasmTrainingKernels();
    countUse('kernels');
  }
  return started;
};
