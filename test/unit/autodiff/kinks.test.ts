import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../../src/autodiff/linearize.js';
import { registerWasmTrainingKernels } from '../../../src/wasm/index.js';
import { derivativesOf, largestDifference, matrixOf } from '../../kinks/case.js';
import { poolingCases } from '../../kinks/pooling-cases.js';
import { hostCases, sideCases } from '../../kinks/side-cases.js';
import { smoothCases } from '../../kinks/smooth-cases.js';
import { useBackend } from '../../wasm-backend.js';

// The values are of size 1 to 20 and come out of a handful of float32 operations, some of them exp and log.
const tolerance = 1e-5;

describe.each([
  ['cpu', false],
  ['wasm', false],
  ['wasm', true],
] as const)(
  'derivatives where pieces meet, on %s (kernels of this package: %s)',
  (backend, withOurKernels) => {
    let undo: (() => void) | null = null;
    beforeAll(async () => {
      await useBackend(backend);
      if (withOurKernels) undo = await registerWasmTrainingKernels();
    });
    afterAll(() => undo?.());

    it.each(
      [...smoothCases, ...sideCases, ...poolingCases, ...hostCases].map(
        (kinkCase) => [kinkCase.name, kinkCase] as const,
      ),
    )('%s', async (_, kinkCase) => {
      const before = tf.memory().numTensors;
      const { gradient, hessian } = await derivativesOf(kinkCase);
      expect(largestDifference(gradient, kinkCase.gradient), `gradient ${gradient}`).toBeLessThan(tolerance);
      matrixOf(kinkCase).forEach((row, i) => {
        expect(largestDifference(hessian[i]!, row), `row ${i}: ${hessian[i]}`).toBeLessThan(tolerance);
      });
      expect(tf.memory().numTensors).toBe(before);
    });

    it('is infinite where sqrt is 0, and no number in the norm of zeros: neither has a finite slope', async () => {
      const variable = tf.variable(tf.tensor1d([0, 4]));
      const ofRoot = linearize(() => tf.sum(tf.sqrt(variable)), [variable]);
      expect(Array.from(await ofRoot.gradient.data())).toEqual([Infinity, 0.25]);
      ofRoot.dispose();
      variable.assign(tf.tensor1d([0, 0]));
      const ofNorm = linearize(() => tf.norm(variable), [variable]);
      expect(Array.from(await ofNorm.gradient.data())).toEqual([NaN, NaN]);
      ofNorm.dispose();
      variable.dispose();
    });

    it('stays no number where the value is none', async () => {
      const cases: [string, (x: tf.Tensor) => tf.Tensor][] = [
        ['abs', tf.abs],
        ['relu', tf.relu],
        ['max', (x) => tf.max(x)],
        ['min', (x) => tf.min(x)],
      ];
      for (const [name, f] of cases) {
        const variable = tf.variable(tf.tensor1d([NaN, 1]));
        const linearization = linearize(() => tf.sum(f(variable)), [variable]);
        expect((await linearization.gradient.data())[0], name).toBeNaN();
        linearization.dispose();
        variable.dispose();
      }
    });
  },
);
