import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withCorrections } from '../../src/tfjs/corrections/execute.js';
import { corrections } from '../../src/tfjs/corrections/list.js';
import { runKernel } from '../../src/tfjs/kernels/run-kernel.js';
import { useBackend } from '../wasm-backend.js';
import { missingOnWasm, onlySlow, stockFaults } from './stock-faults.js';
import { errorOf, threeAnswers } from './three-answers.js';

/*
 * What src/tfjs/corrections mends is still wrong in TensorFlow.js. A test that fails here says that TensorFlow.js has mended
 * a kernel: its correction can go, once the peer range leaves out the versions before. The backends of a GPU are asked in
 * test/browser/corrections.test.ts.
 */

let tensors: number;
beforeAll(() => useBackend('wasm'));
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

const rows = stockFaults.flatMap((fault) =>
  (['cpu', 'wasm'] as const)
    .filter((backend) => fault.backends.includes(backend))
    .map((backend) => ({ ...fault, backend })),
);

describe('src/tfjs/corrections', () => {
  it.each(rows)('$kernel: stock is wrong on $backend, and the correction right', async (row) => {
    const { right, stock, corrected } = await threeAnswers<'cpu' | 'wasm'>(row, row.backend, useBackend);
    expect(right).toBeInstanceOf(Float32Array);
    expect(errorOf(stock, right)).toBeGreaterThan(1e-2);
    expect(errorOf(corrected, right)).toBeLessThan(1e-5);
  });

  it.each(missingOnWasm)('%s: is missing on wasm', (kernel) => {
    expect(tf.getKernel(kernel, 'wasm')).toBeUndefined();
  });

  it.each(['cpu', 'wasm', 'webgl', 'webgpu'] as const)(
    'has a case in stock-faults.ts for each kernel that it corrects on %s',
    (backend) => {
      const cases = stockFaults.filter(({ backends }) => backends.includes(backend));
      const known = new Set([...cases.map(({ kernel }) => kernel), ...missingOnWasm, ...onlySlow]);
      const names = ['cpu', 'wasm'].flatMap((host) =>
        tf.getKernelsForBackend(host).map(({ kernelName }) => kernelName),
      );
      const corrected = [...new Set(names)].filter((name) => {
        const { backends = [] } = corrections.find(name) ?? {};
        return backends === 'all' || backends.includes(backend);
      });
      expect(corrected.filter((name) => !known.has(name))).toEqual([]);
    },
  );

  it.each(onlySlow)('%s: is called right, if slow', (kernel) => {
    const { isRight } = corrections.find(kernel)!;
    expect(isRight).toBeDefined();
  });
});

describe('src/tfjs/corrections/slopes.ts', () => {
  it.each(['tfjs-curvature/TanhSlope', 'tfjs-curvature/SigmoidSlope'])(
    '%s is no kernel of its own',
    (name) => {
      expect(tf.getKernel(name, 'cpu') ?? tf.getKernel(name, 'wasm')).toBeUndefined();
      const ones = tf.ones([2]);
      const slope = tf.tidy(() => withCorrections(() => runKernel(name, { x: ones, y: tf.sigmoid(ones) })));
      // The slope of tanh at 1, and of the logistic function.
      const truth = name.includes('Tanh') ? 1 - Math.tanh(1) ** 2 : 1 / (2 + 2 * Math.cosh(1));
      expect(slope.dataSync()[0]).toBeCloseTo(truth, 6);
      tf.dispose([ones, slope]);
    },
  );
});
