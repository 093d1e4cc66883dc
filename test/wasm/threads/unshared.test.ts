import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { useBackend } from '../../wasm-backend.js';

afterEach(() => vi.restoreAllMocks());

test('a backend that runs already stays on one thread, says why, and warns once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  await useBackend('wasm');
  warn.mockClear();
  const undo = await registerWasmTrainingKernels({ threads: 2 });
  const reason =
    'the WASM backend already runs on memory that threads cannot share: ' +
    "call registerWasmTrainingKernels before tf.setBackend('wasm')";
  expect([undo.threads, undo.reason]).toEqual([1, reason]);
  expect(warn.mock.calls).toEqual([
    [`registerWasmTrainingKernels: the kernels run on 1 thread, not on 2: ${reason}.`],
  ]);
  expect(tf.matMul(tf.ones([3, 4]), tf.ones([4, 5])).dataSync()).toEqual(new Float32Array(15).fill(4));
  await registerWasmTrainingKernels({ threads: 1 });
  expect(undo.reason).toBeNull();
  expect(warn).toHaveBeenCalledTimes(1);
  undo();
});
