import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GradientAlignment } from '../../../src/analysis/alignment.js';
import { modelNames } from '../../../examples/models/create-model.js';
import { startBackend } from '../../../examples/paper/bench.js';
import { runFinding } from '../../../examples/paper/run-finding.js';
import type { SizePlan } from '../../../examples/paper/size-plan.js';
import { sizes } from '../../../examples/paper/sizes.js';
import { LocalUnits } from '../../../examples/paper/unit-runner.js';
import { UnitService } from '../../../examples/paper/unit-service.js';

// Each model as narrow as at `tiny`, on a few images and after one step of SGD: whether a finding can be run with it.

const runner = new LocalUnits(new UnitService());
let out: string;
beforeAll(startBackend);
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'model-runs-'));
});
afterAll(async () => {
  await runner.stop();
  rmSync(out, { recursive: true, force: true });
});

const plan: SizePlan = {
  ...sizes.tiny,
  train: 16,
  validation: 4,
  test: 4,
  hessianExamples: 8,
  lossExamples: 8,
  minibatches: 2,
  peak: { learningRate: 0.01, batchSize: 4, steps: 1, measureEvery: 1 },
};

it.each(modelNames)(
  'alignment runs with %s',
  async (model) => {
    const folder = join(out, model);
    await runFinding(
      {
        settings: {
          finding: 'alignment',
          data: 'mnist',
          dataFolder: null,
          model,
          size: 'tiny',
          seeds: 1,
          randomLabels: 0,
          augment: false,
          out: folder,
        },
        plan,
      },
      runner,
    );
    const { results } = JSON.parse(readFileSync(join(folder, 'records.json'), 'utf8')) as {
      results: Record<string, { sharpness: number; measured: GradientAlignment }>;
    };
    const { sharpness, measured } = results['seed 1']!;
    expect(sharpness).toBeGreaterThan(0);
    // Also before training the gradient points along e₁ more than a random direction does.
    expect(measured.factors[0]).toBeGreaterThan(1);
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain(`${model} on mnist`);
  },
  600_000,
);
