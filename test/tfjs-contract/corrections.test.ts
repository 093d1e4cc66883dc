import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withCorrections } from '../../src/tfjs/corrections/execute.js';
import { corrections } from '../../src/tfjs/corrections/list.js';
import { runKernel, runKernelWithOutputs } from '../../src/tfjs/kernels/run-kernel.js';
import { relativeError } from '../golden-case.js';
import { useBackend } from '../wasm-backend.js';
import type { StockFault } from './stock-faults.js';
import { missingOnWasm, onlySlow, stockFaults } from './stock-faults.js';

/*
 * What src/tfjs/corrections mends is still wrong in TensorFlow.js. A test that fails here says that TensorFlow.js has mended
 * a kernel: its correction can go, once the peer range leaves out the versions before.
 */

type Outputs = Tensor | Tensor[];

/** What a kernel gives, or the error that it throws. */
function answer(run: () => Outputs): Float32Array | Error {
  try {
    const outputs = tf.tidy(run);
    const [first] = Array.isArray(outputs) ? outputs : [outputs];
    const values = Float32Array.from(first!.dataSync());
    tf.dispose(outputs);
    return values;
  } catch (error) {
    return error as Error;
  }
}

function errorOf(given: Float32Array | Error, truth: Float32Array): number {
  return given instanceof Error || given.length !== truth.length ? Infinity : relativeError(given, truth);
}

/** What is right, what the backend gives, and what the correction makes of it. */
async function threeAnswers(fault: StockFault, backend: 'cpu' | 'wasm') {
  const { kernel, inputs, attrs = {}, truth } = fault;
  await useBackend('cpu');
  const right = answer(() => {
    const made = inputs();
    return truth == null ? tf.engine().runKernel(kernel, made, attrs as NamedAttrMap) : truth(made);
  }) as Float32Array;
  await useBackend(backend);
  const ask = (run: (made: Record<string, Tensor>) => Outputs) =>
    answer(() => {
      const made = inputs();
      return writesIntoInput(kernel) ? (run(made), tf.clone(made.tensor!)) : run(made);
    });
  const stock = ask((made) => tf.engine().runKernel(kernel, made, attrs as NamedAttrMap));
  const corrected = ask((made) => withCorrections(() => runKernelWithOutputs(kernel, made, attrs)));
  return { right, stock, corrected };
}

/** The one kernel of which it is not the output that is wrong. */
const writesIntoInput = (kernel: string): boolean => kernel === 'TensorScatterUpdate';

let tensors: number;
beforeAll(() => useBackend('wasm'));
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

const rows = stockFaults.flatMap((fault) => fault.backends.map((backend) => ({ ...fault, backend })));

describe('src/tfjs/corrections', () => {
  it.each(rows)('$kernel: stock is wrong on $backend, and the correction right', async (row) => {
    const { right, stock, corrected } = await threeAnswers(row, row.backend);
    expect(right).toBeInstanceOf(Float32Array);
    expect(errorOf(stock, right)).toBeGreaterThan(1e-2);
    expect(errorOf(corrected, right)).toBeLessThan(1e-5);
  });

  it.each(missingOnWasm)('%s: is missing on wasm', (kernel) => {
    expect(tf.getKernel(kernel, 'wasm')).toBeUndefined();
  });

  it('has a case here for each kernel that it corrects on cpu or wasm', () => {
    const names = ['cpu', 'wasm'].flatMap((backend) =>
      tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName),
    );
    const known = new Set([...stockFaults.map(({ kernel }) => kernel), ...missingOnWasm, ...onlySlow]);
    const corrected = [...new Set(names)].filter((name) => {
      const { backends = 'all' } = corrections.find(name) ?? { backends: [] };
      return backends === 'all' || backends.includes('cpu') || backends.includes('wasm');
    });
    expect(corrected.filter((name) => !known.has(name))).toEqual([]);
  });

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
