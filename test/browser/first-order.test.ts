import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interleave, ratio } from '../../bench/interleave.js';
import type { BenchModel } from '../../bench/models.js';
import { createModels } from '../../bench/models.js';
import { registerExactGradients } from '../../src/index.js';
import { relativeError } from '../golden-case.js';
import { backend, useBackend } from './backend.js';

declare module 'vitest' {
  interface TaskMeta {
    /** The time of a gradient over our tape, in those of TensorFlow.js's, for the table in docs/in-the-browser.md. */
    firstOrder?: { model: string; ratio: number };
  }
}

const rounds = 5;

// For wasm `bench/first-order.ts` measures, in Node. Where the GPU is drawn on the CPU, convolutions take seconds, and what
// WebGPU compiles for these two models takes minutes.
describe.runIf(backend === 'webgl')(`a first gradient by registerExactGradients on ${backend}`, () => {
  let models: BenchModel[];
  beforeAll(async () => {
    await useBackend();
    tf.engine().startScope();
    models = createModels();
  });
  afterAll(() => {
    for (const { variables } of models) tf.dispose(variables);
    tf.engine().endScope();
  });

  it.for(['M1', 'M4'] as const)('of %s beside that of TensorFlow.js', async (name, { task }) => {
    const { loss, variables } = models.find((model) => model.name === name)!;
    /** Read: the device has done its work by then. */
    const gradient = async (): Promise<Float32Array> => {
      const flat = tf.tidy(() => {
        const { grads } = tf.variableGrads(loss, variables);
        return tf.concat(variables.map((variable) => tf.reshape(grads[variable.name]!, [variable.size])));
      });
      const values = await flat.data<'float32'>();
      flat.dispose();
      return values;
    };
    const exactly = async <T>(f: () => Promise<T>): Promise<T> => {
      const undo = registerExactGradients();
      try {
        return await f();
      } finally {
        undo();
      }
    };
    const timed = async (): Promise<number> => {
      const start = performance.now();
      await gradient();
      return performance.now() - start;
    };
    // Sums of 128 terms and up, in another order.
    expect(relativeError(await exactly(gradient), await gradient())).toBeLessThan(1e-5);
    const times = await interleave(
      [
        { name: 'stock', run: timed },
        { name: 'ours', run: () => exactly(timed) },
      ],
      rounds,
    );
    task.meta.firstOrder = { model: name, ratio: ratio(times, 'ours', 'stock')!.median };
  });
});
