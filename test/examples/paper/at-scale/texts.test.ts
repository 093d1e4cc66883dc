import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRecord } from '../../../../examples/paper/at-scale/record-file.js';
import { startBackend } from '../../../../examples/paper/bench.js';
import { runAtScale } from '../../../../examples/paper/at-scale/run-at-scale.js';
import type { TrainingRun } from '../../../../examples/paper/at-scale/training-run.js';
import { writeBook, writeMails } from '../../data/write-texts.js';
import { tinyPlan, tinyRun } from './tiny-plan.js';

let folder: string;
beforeAll(startBackend);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'text-runs-'));
  writeMails(join(folder, 'spam-assassin'), 20);
  writeBook(join(folder, 'moby-dick'), 10);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  { data: 'spam-assassin', model: 'text-cnn' },
  { data: 'moby-dick', model: 'word-lstm' },
] as const)('trains on $data, to the same record also where it is stopped', async (text) => {
  const run: TrainingRun = { ...tinyRun, ...text, epochs: 1, gamma: 0.1, directions: 'sample' };
  const settings = (name: string, say: () => void = () => undefined) => ({
    planOf: () => tinyPlan,
    records: join(folder, text.data, name),
    checkpoints: join(folder, text.data, name, 'checkpoints'),
    dataFolder: join(folder, text.data),
    say,
  });
  await runAtScale([run], settings('whole'));
  let lines = 0;
  const stopping = new Error('stopped');
  const stopped = settings('stopped', () => {
    if (++lines === 3) throw stopping;
  });
  await expect(runAtScale([run], stopped)).rejects.toBe(stopping);
  await runAtScale([run], settings('stopped'));
  const [whole, resumed] = ['whole', 'stopped'].map((name) =>
    readRecord(settings(name).records, tinyPlan, run).map((point) => ({
      ...point,
      seconds: 0,
      trainingSeconds: 0,
    })),
  );
  expect(resumed).toEqual(whole);
  expect(whole!.map(({ epoch }) => epoch)).toEqual([0, 0.5, 1]);
  expect(whole![2]!.loss).toBeLessThan(whole![0]!.loss);
  expect(whole![2]!.distance).toBeGreaterThan(0);
});
