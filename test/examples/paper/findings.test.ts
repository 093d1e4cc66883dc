import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GradientAlignment } from '../../../src/analysis/alignment.js';
import type { StepDecomposition } from '../../../src/analysis/step-decomposition.js';
import type { Bench } from '../../../examples/paper/bench.js';
import { createBench, startBackend } from '../../../examples/paper/bench.js';
import type { Unit } from '../../../examples/paper/finding.js';
import { decompose } from '../../../examples/paper/findings/decompose.js';
import { settledSharpness, sharpnessUnit } from '../../../examples/paper/findings/sharpness.js';
import { trainNudged } from '../../../examples/paper/nsgd-run.js';
import { prepareData } from '../../../examples/paper/prepared-data.js';
import { runFinding } from '../../../examples/paper/run-finding.js';
import type { RunSettings } from '../../../examples/paper/settings.js';
import { sizes } from '../../../examples/paper/sizes.js';
import { LocalUnits } from '../../../examples/paper/unit-runner.js';
import { UnitService } from '../../../examples/paper/unit-service.js';

// The paper's findings at the smallest size that shows them: a SimpleCNN with 4 filters on 512 MNIST images, seed 1.
// What is asserted is their direction, with room for another backend's rounding.

/** Far more than any of them takes, as a machine may be busy with other work. */
const patience = 600_000;

const silent = (): void => {};

/** Runs a unit, and the way to the peak where no finding before it has been there. */
async function runAtPeak<R>({ needs, run }: Unit<R>, at: Bench): Promise<R> {
  if (needs?.isDone() === false) await needs.run(at, silent);
  return run(at, silent);
}

let out: string;
let settings: RunSettings;
let bench: Bench;

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'findings-'));
  settings = {
    finding: 'alignment',
    data: 'mnist',
    dataFolder: null,
    model: 'simple-cnn',
    size: 'tiny',
    seeds: 1,
    randomLabels: 0,
    augment: false,
    out: join(out, 'alignment'),
  };
  const undo = await startBackend();
  bench = createBench({ settings, plan: sizes.tiny }, prepareData('mnist', null, sizes.tiny, 0));
  return undo;
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('the findings of the paper', () => {
  it(
    '1: the sharpness that SGD settles at is lower for a larger learning rate',
    async () => {
      const plan = { steps: 128, horizon: 0, measurements: 8, tol: 1e-2 };
      const run = (learningRate: number) =>
        sharpnessUnit(bench, 1, { learningRate, batchSize: 32 }, plan).run(bench, silent);
      const [large, small] = [await run(0.2), await run(0.03)];
      // They differ by a factor of 3 or more, as 2/η does by 7.
      expect(settledSharpness(small)).toBeGreaterThan(1.5 * settledSharpness(large));
      // It rises from where it began.
      expect(small.peak.sharpness).toBeGreaterThan(3 * small.records[0]!.sharpness);
    },
    patience,
  );

  it(
    '3: minibatch gradients point along the sharpest directions, by command line',
    async () => {
      await runFinding({ settings, plan: sizes.tiny }, new LocalUnits(new UnitService()));
      const { results } = JSON.parse(readFileSync(join(settings.out, 'records.json'), 'utf8')) as {
        results: Record<string, { measured: GradientAlignment }>;
      };
      const { factors, randomBaseline, expectedRandomBaseline } = results['seed 1']!.measured;
      expect(factors[0]).toBeGreaterThan(10);
      for (const factor of factors) expect(factor).toBeGreaterThan(3);
      expect(randomBaseline / expectedRandomBaseline).toBeGreaterThan(0.7);
      expect(randomBaseline / expectedRandomBaseline).toBeLessThan(1.4);
      expect(readFileSync(join(settings.out, 'report.md'), 'utf8')).toContain('| e₁ | minibatch |');
      expect(existsSync(join(settings.out, 'alignment.svg'))).toBe(true);
      expect(existsSync(join(settings.out, 'alignment.png'))).toBe(true);
    },
    patience,
  );

  it(
    '2: along e₁ a short step lowers the loss at the peak, twice the SGD step raises it, a random direction does nothing',
    async () => {
      const brief: Bench = { ...bench, plan: { ...sizes.tiny, minibatches: 4, lossExamples: 256 } };
      const unit = decompose(brief).units[0]!;
      const { measured } = (await runAtPeak(unit, brief)) as { measured: StepDecomposition };
      const change = (direction: string, alpha: number): number =>
        measured.records.find((record) => record.direction === direction && record.alpha === alpha)!
          .lossChange;
      expect(change('e₁', 0.25)).toBeLessThan(0);
      expect(change('e₁', 1)).toBeGreaterThan(change('e₁', 0.25));
      expect(change('e₁', 2)).toBeGreaterThan(0);
      for (const alpha of [0.25, 1, 4]) {
        expect(Math.abs(change('random', alpha))).toBeLessThan(0.01 * Math.abs(change('e₁', alpha)));
      }
    },
    patience,
  );

  it(
    '5: NSGD with γ < 1 goes to a sharper region than SGD, with γ > 1 to a flatter one',
    async () => {
      const nsgd = { ...sizes.tiny.nsgd, epochs: 16 };
      const short: Bench = { ...bench, plan: { ...sizes.tiny, nsgd } };
      const sharpnessAt = async (gamma: number): Promise<number> =>
        (await trainNudged(short, { seed: 1, gamma, k: 5 }, silent)).end.sharpness;
      const [nudged, plain, stretched] = [
        await sharpnessAt(0.01),
        await sharpnessAt(1),
        await sharpnessAt(5),
      ];
      expect(nudged).toBeGreaterThan(1.3 * plain);
      expect(stretched).toBeLessThan(0.8 * plain);
    },
    patience,
  );
});
