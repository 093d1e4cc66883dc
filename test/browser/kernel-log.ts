import * as tf from '@tensorflow/tfjs-core';

/** The kernels of the present backend that have run since the last call of `take`. */
export interface KernelLog {
  take(): string[];
}

/** Notes by name every kernel of the present backend that runs, from now on. */
export function logKernels(): KernelLog {
  const backendName = tf.getBackend();
  const names = new Set<string>();
  for (const config of tf.getKernelsForBackend(backendName)) {
    tf.unregisterKernel(config.kernelName, backendName);
    tf.registerKernel({
      ...config,
      kernelFunc: (call) => {
        names.add(config.kernelName);
        return config.kernelFunc(call);
      },
    });
  }
  return {
    take: () => {
      const taken = [...names].sort();
      names.clear();
      return taken;
    },
  };
}
