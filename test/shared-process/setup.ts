import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, expect, vi } from 'vitest';

/*
 * Around each test file of a process that many share: it starts on the CPU backend, and leaves every kernel, every
 * gradient and every spied function as it has found them.
 */
await tf.setBackend('cpu');

/** What is registered, by what it is. */
const registered = (): Map<string, unknown> =>
  new Map(
    ['cpu', 'wasm'].flatMap((backend) =>
      tf.getKernelsForBackend(backend).flatMap((kernel): [string, unknown][] => [
        [`kernel ${kernel.kernelName} of ${backend}`, kernel],
        [`gradient ${kernel.kernelName}`, tf.getGradient(kernel.kernelName)],
      ]),
    ),
  );

beforeAll(() => {
  const before = registered();
  // Beneath the cleaning up of the file itself.
  return () => {
    vi.restoreAllMocks();
    const after = registered();
    const all = new Set([...before.keys(), ...after.keys()]);
    expect([...all].filter((what) => after.get(what) !== before.get(what))).toEqual([]);
  };
});
