import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stockFaults } from '../tfjs-contract/stock-faults.js';
import { errorOf, threeAnswers } from '../tfjs-contract/three-answers.js';
import { backend, useBackend } from './backend.js';

/*
 * What src/tfjs/corrections mends is still wrong in the GPU backends of TensorFlow.js: see test/tfjs-contract. These hand small
 * tensors to their kernels of cpu, which are others; here they may not.
 */

const flag = { webgl: 'WEBGL_CPU_FORWARD', webgpu: 'WEBGPU_CPU_FORWARD' };

describe.runIf(backend === 'webgl' || backend === 'webgpu')(`src/tfjs/corrections on ${backend}`, () => {
  const name = backend as keyof typeof flag;
  let forwards: boolean;
  beforeAll(async () => {
    await useBackend();
    forwards = tf.env().getBool(flag[name]);
    tf.env().set(flag[name], false);
    // Kernels that do not compile print themselves.
    for (const method of ['log', 'warn', 'error'] as const)
      vi.spyOn(console, method).mockImplementation(() => {});
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    tf.env().set(flag[name], forwards);
    await useBackend();
  });

  const rows = stockFaults.filter(({ backends }) => backends.includes(name));

  it.each(rows)('$kernel: stock is wrong, and the correction right', async (row) => {
    const { right, stock, corrected } = await threeAnswers(row, name, (use) => tf.setBackend(use));
    expect(right).toBeInstanceOf(Float32Array);
    expect(errorOf(stock, right)).toBeGreaterThan(1e-2);
    expect(errorOf(corrected, right)).toBeLessThan(1e-5);
  });
});
