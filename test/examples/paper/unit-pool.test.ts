import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlannedRun } from '../../../examples/paper/planned-run.js';
import { RunError } from '../../../examples/paper/run-error.js';
import { runFinding } from '../../../examples/paper/run-finding.js';
import type { RunSettings } from '../../../examples/paper/settings.js';
import { sizes } from '../../../examples/paper/sizes.js';
import type { TaskRunner } from '../../../examples/paper/unit-service.js';
import { UnitService } from '../../../examples/paper/unit-service.js';
import { UnitPool } from '../../../examples/paper/unit-pool.js';
import type { UnitRunner } from '../../../examples/paper/unit-runner.js';
import { LocalUnits } from '../../../examples/paper/unit-runner.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'unit-pool-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two variants of SGD for two seeds, two steps each, from the peak of a path of two steps. */
function brief(out: string, changes: Partial<RunSettings> = {}): PlannedRun {
  return {
    settings: {
      finding: 'escape',
      data: 'mnist',
      dataFolder: null,
      model: 'simple-cnn',
      size: 'tiny',
      seeds: 2,
      randomLabels: 0,
      augment: false,
      out: join(folder, out, 'run'),
      ...changes,
    },
    plan: {
      ...sizes.tiny,
      train: 32,
      validation: 4,
      test: 4,
      hessianExamples: 8,
      lossExamples: 8,
      peak: { learningRate: 0.05, batchSize: 8, steps: 2, measureEvery: 1 },
      escape: { steps: 2, tol: 1e-2, variants: [{ variant: 'normal' }, { variant: 'allDrop', factor: 0.5 }] },
    },
  };
}

function recordsOf({ settings }: PlannedRun): { results: Record<string, unknown> } {
  return JSON.parse(readFileSync(join(settings.out, 'records.json'), 'utf8')) as {
    results: Record<string, unknown>;
  };
}

/** Runs tasks in this process, and says which. */
function noting(ids: string[]): UnitRunner {
  const service = new UnitService();
  return new LocalUnits({
    run: (job, onProgress) => {
      if (job.kind === 'unit') ids.push(job.id);
      return service.run(job, onProgress);
    },
    stop: () => service.stop(),
  });
}

describe('the units of a finding', () => {
  it('come to the same in one process, in two, and in this one', async () => {
    const inPool = async (jobs: number): Promise<PlannedRun> => {
      const planned = brief(`jobs-${jobs}`);
      const pool = new UnitPool(jobs);
      try {
        await runFinding(planned, new LocalUnits(pool));
      } finally {
        await pool.stop();
      }
      return planned;
    };
    const here = brief('here');
    await runFinding(here, new LocalUnits(new UnitService()));
    const expected = recordsOf(here).results;
    expect(Object.keys(expected)).toHaveLength(4);
    expect(recordsOf(await inPool(1)).results).toEqual(expected);
    expect(recordsOf(await inPool(2)).results).toEqual(expected);
  });

  it('go the way to the peak once for each seed, and are not run again', async () => {
    const ids: string[] = [];
    const planned = brief('once');
    await runFinding({ ...planned, settings: { ...planned.settings, seeds: 1 } }, noting(ids));
    expect(ids.sort()).toEqual(['seed 1, allDrop 0.5', 'seed 1, normal', 'seed 1, way to the peak']);
    // One more seed is added to what there is.
    ids.length = 0;
    await runFinding(planned, noting(ids));
    expect(ids.sort()).toEqual(['seed 2, allDrop 0.5', 'seed 2, normal', 'seed 2, way to the peak']);
    ids.length = 0;
    await runFinding(planned, noting(ids));
    expect(ids).toEqual([]);
    // Another finding in a folder beside it begins from the same peaks.
    const sections = { finding: 'sections', out: join(planned.settings.out, '..', 'sections') } as const;
    await runFinding({ ...planned, settings: { ...planned.settings, ...sections } }, noting(ids));
    expect(ids.sort()).toEqual(['seed 1', 'seed 2']);
  });

  it('say what is wrong with the data as this process would', async () => {
    const pool = new UnitPool(2);
    try {
      const missing = brief('missing', { dataFolder: join(folder, 'nowhere') });
      await expect(runFinding(missing, new LocalUnits(pool))).rejects.toThrow(RunError);
      await expect(runFinding(missing, new LocalUnits(pool))).rejects.toThrow(/nowhere.*no such file/);
    } finally {
      await pool.stop();
    }
  });

  it('keep what is recorded when they are stopped', async () => {
    const planned = brief('stopped');
    const pool = new UnitPool(1);
    let finished = 0;
    const stopping: TaskRunner = {
      stop: () => pool.stop(),
      run: async (job, onProgress) => {
        const outcome = await pool.run(job, onProgress);
        // After the way to the peak and one of the two units: the other is given up.
        if (++finished === 2) void pool.stop();
        return outcome;
      },
    };
    const one: PlannedRun = { ...planned, settings: { ...planned.settings, seeds: 1 } };
    await expect(runFinding(one, new LocalUnits(stopping))).rejects.toThrow(
      /stopped; the same command goes on/,
    );
    const ids: string[] = [];
    await runFinding(one, noting(ids));
    expect(ids).toHaveLength(1);
    expect(Object.keys(recordsOf(one).results)).toHaveLength(2);
  });
});
