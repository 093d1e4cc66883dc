// For --register: products of matrices take a while, so that something can happen in the middle of a product.

import { getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

const wait = new Int32Array(new SharedArrayBuffer(4));

for (const kernel of getKernelsForBackend('cpu')) {
  if (!['BatchMatMul', '_FusedMatMul'].includes(kernel.kernelName)) continue;
  unregisterKernel(kernel.kernelName, 'cpu');
  registerKernel({
    ...kernel,
    kernelFunc: (args) => {
      Atomics.wait(wait, 0, 0, 60);
      return kernel.kernelFunc(args);
    },
  });
}
