import type * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { registerWasmTrainingKernels } from '../../src/wasm/index.js';
import { useBackend } from '../wasm-backend.js';
import type { Fixture } from './cases.js';
import { cases, fixture } from './cases.js';
import { isInjected, makeFallible, placesOf, surroundings } from './fault-injection.js';
import { runCase, setWeights, weightsOf } from './run-case.js';

/** Whether faults are tried at every place of a case, and not at one of its calls alone. */
const isThorough = process.env.FAULTS === 'all';

/** The first and the last call of each place, counted from 1. */
function everywhere(places: readonly string[]): number[] {
  const calls = new Map<string, number[]>();
  places.forEach((place, i) => calls.set(place, [...(calls.get(place) ?? []).slice(0, 1), i + 1]));
  return [...calls.values()].flat().sort((a, b) => a - b);
}

/** Functions that move weights by what they do. */
const training = /^(NSGD|ParameterSpace.write)/;

/** Lets everything that can throw fail in turn, for every case, on one backend. */
export function describeFaults(backend: 'cpu' | 'wasm', kernels: 'stock' | 'ours' = 'stock'): void {
  // In the middle of a case with stock kernels, at its end with ours: most of their calls are the same.
  const share = kernels === 'ours' ? 1 : 1 / 2;
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
      const places = isThorough ? await placesOf(() => runCase(use, f)) : [];
      setWeights(f, start);
      const { outcome: right, calls } = await runCase(use, f);
      if ('error' in right) throw right.error;
      expect(surroundings(), 'without a fault').toEqual(before);
      if (!training.test(name)) expect(weightsOf(f)).toEqual(weights);
      // After its end a case is read.
      const tried = isThorough ? everywhere(places.slice(0, calls)) : [Math.ceil(share * calls)];
      for (const [count, i] of tried.entries()) {
        setWeights(f, start);
        const { outcome } = await runCase(use, f, i);
        const what = 'error' in outcome ? String(outcome.error) : `call ${i}, passed over`;
        if ('error' in outcome) expect(isInjected(outcome.error), what).toBe(true);
        else expect(outcome, what).toEqual(right);
        expect(surroundings(), what).toEqual(before);
        if (!training.test(name)) expect(weightsOf(f), what).toEqual(weights);
        setWeights(f, start);
        // What a fault has broken stays broken.
        if (isThorough && count % 8 !== 0 && count < tried.length - 1) continue;
        expect((await runCase(use, f)).outcome, `after ${what}`).toEqual(right);
      }
    });
  });
}
