import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { backend, useBackend } from './backend.js';

/** Numbers in [-1, 1) whose products and sums round. */
const numbers = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, 'float32', seed);

/** A product, a convolution and its gradients, all large enough to be divided. */
function results(): Float32Array[] {
  return tf.tidy(() => {
    const product = tf.matMul(numbers([200, 300], 1), numbers([300, 160], 2));
    const x = numbers([16, 20, 20, 16], 3);
    const w = numbers([3, 3, 16, 16], 4);
    const f = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
    const { value, grads } = tf.valueAndGrads(f)([x, w]);
    return [product, value, ...grads].map((tensor) => tensor.dataSync().slice() as Float32Array);
  });
}

async function runOn(threads: number): Promise<Float32Array[]> {
  const undo = await registerWasmTrainingKernels({ threads });
  expect([undo.threads, undo.reason]).toEqual([threads, null]);
  return results();
}

afterEach(async () => {
  vi.restoreAllMocks();
  if (backend.startsWith('wasm')) (await registerWasmTrainingKernels({ threads: 1 }))();
});

describe.runIf(backend === 'wasm-threaded')('in a page that is cross-origin isolated', () => {
  test('the kernels run on as many threads as asked, with the same numbers', async () => {
    await useBackend();
    const one = await runOn(1);
    expect(await runOn(2)).toEqual(one);
    expect(await runOn(3)).toEqual(one);
  });

  test('workers may be made by whoever calls', async () => {
    await useBackend();
    const createWorker = vi.fn(
      (source: string) => new Worker(`data:text/javascript,${encodeURIComponent(source)}`),
    );
    const undo = await registerWasmTrainingKernels({ threads: 3, createWorker });
    expect([undo.threads, createWorker.mock.calls.length]).toEqual([3, 2]);
    const three = results();
    expect(await runOn(1)).toEqual(three);
  });

  test('a worker that cannot be made is the reason for fewer', async () => {
    await useBackend();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const createWorker = () => new Worker('/nowhere.js');
    const undo = await registerWasmTrainingKernels({ threads: 2, createWorker });
    expect(undo.threads).toBe(1);
    expect(undo.reason).toMatch(/a helper thread did not start: /);
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe.runIf(backend === 'wasm')('on memory that threads cannot share', () => {
  test('the kernels stay on one thread and say why', async () => {
    await useBackend();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const undo = await registerWasmTrainingKernels({ threads: 2 });
    const reason = 'the WASM backend runs on memory that threads cannot share';
    expect([undo.threads, undo.reason]).toEqual([1, reason]);
    expect(warn.mock.calls[0]?.[0]).toContain(`not on 2: ${reason}`);
  });
});
