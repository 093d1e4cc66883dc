import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../wasm-backend.js';
import type { Fixture } from './cases.js';
import { cases, fixture } from './cases.js';
import { surroundings } from './fault-injection.js';
import { runCase, setWeights, weightsOf } from './run-case.js';

/** At which of its reports a run is stopped: at so many of the first and at the last, or at every one. */
const first = process.env.FAULTS === 'all' ? { cpu: Infinity, wasm: Infinity } : { cpu: 2, wasm: 0 };

/** What reports while it runs; those that take no signal are stopped by their report alone. */
const withoutSignal = ['curvatureMonitor', 'refreshDirections'];
const reporting = [
  ...[
    'lanczos',
    'lanczos of a model',
    'powerIteration',
    'lobpcg',
    'interiorEigenpairs',
    'solve',
    'minres',
    'trace by hutchinson',
  ],
  ...['trace by hutch++', 'trace by xtrace', 'diagonal', 'spectralDensity', 'frobeniusNorm', 'spectralNorm'],
  ...['functionTimesVector', 'traceOfFunction', 'svd', 'lsmr'],
  ...['conditionNumber', 'stepDecomposition', 'gradientAlignment', 'lossCrossSection', 'escapeAblation'],
  ...['noiseGrid', 'lossSurface', 'layerReport', 'influence', 'laplace', 'classStructure', ...withoutSignal],
];

describe.each(['cpu', 'wasm'] as const)('a run on %s that is stopped at a report', (backend) => {
  let f: Fixture;
  let start: tf.Tensor[];

  beforeAll(async () => {
    await useBackend(backend);
    f = await fixture();
    start = [...f.model.getWeights(), f.variable].map((weight) => weight.clone());
  });

  afterAll(() => {
    tf.dispose(start);
    tf.disposeVariables();
  });

  it.each(reporting)('%s', async (name) => {
    const use = cases[name]!;
    let reports = 0;
    const { outcome: right } = await runCase(use, f, Infinity, { onProgress: () => reports++ });
    if ('error' in right) throw right.error;
    expect(reports).toBeGreaterThan(0);
    const [before, weights] = [surroundings(), weightsOf(f)];
    for (let i = 1; i <= reports; i++) {
      if (i > first[backend] && i < reports) continue;
      const reason = new Error(`stopped at report ${i}`);
      const stop = (how: () => void): (() => void) => {
        let seen = 0;
        return () => {
          if (++seen === i) how();
        };
      };
      const thrown = await runCase(use, f, Infinity, {
        onProgress: stop(() => {
          throw reason;
        }),
      });
      expect(thrown.outcome, 'thrown').toEqual({ error: reason });
      expect(surroundings(), 'thrown').toEqual(before);
      if (!withoutSignal.includes(name)) {
        const controller = new AbortController();
        const { outcome } = await runCase(use, f, Infinity, {
          onProgress: stop(() => controller.abort(reason)),
          signal: controller.signal,
        });
        // What is over by its last report has nothing left to stop.
        if ('error' in outcome || i < reports) expect(outcome, 'aborted').toEqual({ error: reason });
        else expect(outcome, 'aborted at the end').toEqual(right);
        expect(surroundings(), 'aborted').toEqual(before);
      }
      expect(weightsOf(f)).toEqual(weights);
      expect((await runCase(use, f)).outcome, 'afterwards').toEqual(right);
      setWeights(f, start);
    }
  });
});
