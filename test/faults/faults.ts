import type * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import type { Fixture } from './cases.js';
import { cases, fixture } from './cases.js';
import { isInjected, makeFallible, surroundings } from './fault-injection.js';
import { runCase, setWeights, weightsOf } from './run-case.js';

/** How many faults are tried for each case: a few spread over its calls, or every one. */
const most = process.env.FAULTS === 'all' ? Infinity : 3;

/** At most `most` of the calls 1 … n, the last among them. */
function chosen(n: number, most: number): number[] {
  const step = Math.max(1, n / most);
  return [...new Set(Array.from({ length: Math.min(n, most) }, (_, i) => Math.ceil((i + 1) * step)))];
}

/** Functions that move weights by what they do. */
const training = /^(NSGD|ParameterSpace.write)/;

/** Lets everything that can throw fail in turn, for every case, on one backend. */
export function describeFaults(backend: 'cpu' | 'wasm', kernels: 'stock' | 'ours' = 'stock'): void {
  // Fewer do where most calls are the same as with stock kernels.
  const count = kernels === 'ours' ? Math.ceil(most / 3) : most;
  describe(`on ${backend}, ${kernels} kernels`, () => {
    let f: Fixture;
    let start: tf.Tensor[];

    beforeAll(async () => {
      await useBackend(backend);
      if (kernels === 'ours') await registerWasmTrainingKernels();
      makeFallible();
      f = await fixture();
      start = [...f.model.getWeights(), f.variable].map((weight) => weight.clone());
    });

    afterEach(() => setWeights(f, start));

    it.each(Object.entries(cases))('%s', async (name, use) => {
      await runCase(use, f);
      setWeights(f, start);
      const [before, weights] = [surroundings(), weightsOf(f)];
      const { outcome: right, calls } = await runCase(use, f);
      if ('error' in right) throw right.error;
      expect(surroundings(), 'without a fault').toEqual(before);
      if (!training.test(name)) expect(weightsOf(f)).toEqual(weights);
      for (const i of chosen(calls, count)) {
        setWeights(f, start);
        const { outcome } = await runCase(use, f, i);
        const what = 'error' in outcome ? String(outcome.error) : `call ${i}, passed over`;
        if ('error' in outcome) expect(isInjected(outcome.error), what).toBe(true);
        else expect(outcome, what).toEqual(right);
        expect(surroundings(), what).toEqual(before);
        if (!training.test(name)) expect(weightsOf(f), what).toEqual(weights);
        setWeights(f, start);
        expect((await runCase(use, f)).outcome, `after ${what}`).toEqual(right);
      }
    });
  });
}
