import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../src/autodiff/linearize.js';
import type { GoldenFile } from '../golden-case.js';
import { loadGolden, relativeError } from '../golden-case.js';
import { backend, useBackend } from './backend.js';
import type { KernelLog } from './kernel-log.js';
import { logKernels } from './kernel-log.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What one reference case came to, for the tables in docs/in-the-browser.md. */
    golden?: { backend: string; loss: number; gradient: number; product: number; kernels: string[] };
  }
}

const files = Object.values(
  import.meta.glob<GoldenFile>(['../golden/**/*.json', '!../golden/higher-order/*'], {
    eager: true,
    import: 'default',
  }),
);

/**
 * float32 rounding over these nets is 1e-7 to 2e-6 of the result on every backend, GPUs drawn by SwiftShader
 * included, which compute in full float32; a wrong term in a derivative starts at 1e-3. One case differs by what it
 * computes: on WebGL tfjs takes 1e-4 for the ε in log(ŷ + ε) of the Poisson loss, elsewhere 1e-7.
 */
function toleranceOf({ name }: GoldenFile): number {
  return backend === 'webgl' && name === 'losses/poisson' ? 1e-3 : 2e-5;
}

describe(`double-precision references on ${backend}`, () => {
  let log: KernelLog;
  beforeAll(async () => {
    await useBackend();
    log = logKernels();
  });

  it('are all there', () => {
    expect(files).toHaveLength(81);
  });

  for (const file of files) {
    it(file.name, async ({ task }) => {
      const golden = await loadGolden(file);
      const before = tf.memory();
      log.take();
      const linearization = linearize(golden.loss, golden.variables);
      const hv = linearization.hvp(golden.v);
      const kernels = log.take();
      const [loss, gradient, product] = await Promise.all(
        [linearization.loss, linearization.gradient, hv].map((tensor) => tensor.data()),
      );
      hv.dispose();
      linearization.dispose();
      const after = tf.memory();
      golden.dispose();
      const { expected } = file;
      const errors = {
        loss: relativeError(loss!, [expected.loss]),
        gradient: relativeError(gradient!, expected.grad.flat()),
        product: relativeError(product!, expected.hv.flat()),
      };
      for (const [what, error] of Object.entries(errors)) {
        expect(error, what).toBeLessThan(toleranceOf(file));
      }
      expect(after.numTensors, 'tensors').toBe(before.numTensors);
      expect(after.numBytes, 'bytes').toBe(before.numBytes);
      task.meta.golden = { backend, ...errors, kernels };
    });
  }
});
