import * as tf from '@tensorflow/tfjs-core';
import { expect, it, vi } from 'vitest';
import { requireFinite } from '../../../src/autodiff/finite.js';
import { synchronousRead } from '../../../src/tfjs/capabilities.js';
import { HostWork } from '../../../src/optimizers/host-work.js';
import { useBackend } from '../../wasm-backend.js';

it.each([
  ['cpu', 'free'],
  ['wasm', 'free'],
  ['tensorflow', 'free'],
  ['webgl', 'stalling'],
  ['webgpu', 'forbidden'],
  ['rn-webgl', 'stalling'],
  ['a backend that nobody knows', 'stalling'],
])('a synchronous read of %s is %s', (backend, expected) => {
  expect(synchronousRead(backend)).toBe(expected);
});

it('what is finite is told from what is not, also where the sum leaves the range of float32', async () => {
  await useBackend('cpu');
  const check = (values: number[]) => () => requireFinite(tf.tensor1d(values), 'test', 'finite numbers');
  expect(check([3e38, 3e38, 1])).not.toThrow();
  expect(check([Infinity, -Infinity, 1])).toThrow(/finite numbers/);
  expect(check([NaN])).toThrow(/finite numbers/);
});

it('a backend that is not known is nowhere read at once where it can be awaited', async () => {
  await useBackend('cpu');
  tf.registerBackend('unknown', () => tf.findBackend('cpu') as tf.KernelBackend);
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    tf.registerKernel({ ...kernel, backendName: 'unknown' });
  }
  await tf.setBackend('unknown');
  const x = tf.tensor1d([NaN]);
  const read = vi.spyOn(tf.engine(), 'readSync');
  try {
    requireFinite(x, 'test', 'finite numbers');
    const work = new HostWork('test');
    const seen: number[] = [];
    work.run({
      steps: (function* () {
        return (yield tf.tensor1d([7]))[0]!;
      })(),
      done: (value) => seen.push(value),
    });
    expect(work.isBusy).toBe(true);
    await work.settled();
    expect(seen).toEqual([7]);
    expect(read).not.toHaveBeenCalled();
  } finally {
    read.mockRestore();
    x.dispose();
    for (const { kernelName } of tf.getKernelsForBackend('unknown'))
      tf.unregisterKernel(kernelName, 'unknown');
    await useBackend('cpu');
  }
});
