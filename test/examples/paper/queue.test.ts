import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queueTrainings } from '../../../examples/paper/at-scale/queue-trainings.js';
import { readRecord } from '../../../examples/paper/at-scale/record-file.js';
import { runAtScale } from '../../../examples/paper/at-scale/run-at-scale.js';
import type { ScalePlan, TrainingRun } from '../../../examples/paper/at-scale/training-run.js';
import type { PlannedRun } from '../../../examples/paper/planned-run.js';
import { QueuedUnits } from '../../../examples/paper/queued-units.js';
import { UnitsFailedError } from '../../../examples/paper/run-error.js';
import { runFinding } from '../../../examples/paper/run-finding.js';
import { serveUnits } from '../../../examples/paper/serve-units.js';
import { sizes } from '../../../examples/paper/sizes.js';
import { UnitPool } from '../../../examples/paper/unit-pool.js';
import { LocalUnits } from '../../../examples/paper/unit-runner.js';
import type { TaskRunner } from '../../../examples/paper/unit-service.js';
import { UnitService } from '../../../examples/paper/unit-service.js';
import type { TestServer } from '../../nats/nats-server.js';
import { isLeftOut, startServer } from '../../nats/nats-server.js';

let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-'));
  writeImages(join(folder, 'mnist'));
  if (!isLeftOut) server = await startServer('', true);
});
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Files of MNIST's form, with 80 images to train on and 20 to test with. */
function writeImages(into: string): void {
  mkdirSync(into, { recursive: true });
  const idx = (dimensions: number[], byte: (i: number) => number): Buffer => {
    const head = Buffer.alloc(4 + 4 * dimensions.length);
    head.writeUInt32BE(0x0800 | dimensions.length);
    dimensions.forEach((dimension, i) => head.writeUInt32BE(dimension, 4 + 4 * i));
    const length = dimensions.reduce((product, dimension) => product * dimension, 1);
    return Buffer.concat([head, Buffer.from(Array.from({ length }, (_, i) => byte(i)))]);
  };
  for (const [part, count] of [
    ['train', 80],
    ['t10k', 20],
  ] as const) {
    const images = idx([count, 28, 28], (i) => (i * 7919 + ((i * i) % 613)) % 256);
    writeFileSync(join(into, `${part}-images-idx3-ubyte`), images);
    writeFileSync(
      join(into, `${part}-labels-idx1-ubyte`),
      idx([count], (i) => i % 10),
    );
  }
}

/** Two variants of SGD for each seed, two steps each, from the peak of a path of two steps. */
function brief(out: string, seeds = 1): PlannedRun {
  return {
    settings: {
      finding: 'escape',
      data: 'mnist',
      dataFolder: join(folder, 'mnist'),
      model: 'simple-cnn',
      size: 'tiny',
      seeds,
      randomLabels: 0,
      augment: false,
      out: join(folder, out, 'run'),
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

function resultsOf({ settings }: PlannedRun): Record<string, unknown> {
  const text = readFileSync(join(settings.out, 'records.json'), 'utf8');
  return (JSON.parse(text) as { results: Record<string, unknown> }).results;
}

/** A worker, with what it has taken. */
async function serve(name: string, runner: TaskRunner, data = join(folder, 'mnist')) {
  const connection = await server.connect();
  const taken: string[] = [];
  const settings = { group: 'paper', name, jobs: 1, dataFolders: { mnist: data }, idleMs: null };
  const worker = await serveUnits(connection, runner, { ...settings, out: join(folder, name) }, (event) => {
    if (event.type === 'taken') taken.push(event.id);
  });
  return {
    worker,
    taken,
    end: async () => {
      await worker.close();
      await runner.stop();
      await connection.close();
    },
  };
}

describe.skipIf(isLeftOut)('a queue', { timeout: 120_000 }, () => {
  it('comes to the records of one machine, bit for bit, also where its workers prepare for themselves', async () => {
    const here = brief('here', 2);
    await runFinding(here, new LocalUnits(new UnitService()));
    const there = brief('there', 2);
    const workers = [await serve('w1', new UnitPool(1)), await serve('w2', new UnitPool(1))];
    const units = new QueuedUnits(await server.connect(), 'paper');
    await runFinding(there, units);
    expect(resultsOf(there)).toEqual(resultsOf(here));
    expect(workers.flatMap(({ taken }) => taken).sort()).toEqual(Object.keys(resultsOf(here)).sort());
    // What is recorded is not run again, here or there.
    await runFinding(there, units);
    expect(workers.flatMap(({ taken }) => taken)).toHaveLength(4);
    for (const { end } of workers) await end();
  });

  it('reports units that fail, and stores the others', async () => {
    const service = new UnitService();
    const failing: TaskRunner = {
      run: (job, onProgress) =>
        job.kind === 'unit' && job.id === 'seed 1, normal'
          ? Promise.reject(new Error('no luck'))
          : service.run(job, onProgress),
      stop: () => service.stop(),
    };
    const planned = brief('failing');
    const { end } = await serve('w1', failing);
    const run = runFinding(planned, new QueuedUnits(await server.connect(), 'paper'));
    const error = await run.catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(UnitsFailedError);
    expect(String(error)).toContain('1 of 2 units of escape came to nothing');
    expect(String(error)).toContain('seed 1, normal: tried 3 times, last by w1: no luck');
    expect(Object.keys(resultsOf(planned))).toEqual(['seed 1, allDrop 0.5']);
    await end();
  });

  it('parts with a worker that has other data, by its hash', async () => {
    const other = join(folder, 'other');
    cpSync(join(folder, 'mnist'), other, { recursive: true });
    const path = join(other, 'train-images-idx3-ubyte');
    const bytes = readFileSync(path);
    bytes.forEach((byte, i) => (bytes[i] = i >= 16 ? 255 - byte : byte));
    writeFileSync(path, bytes);
    const planned = brief('data');
    const wrong = await serve('w1', new UnitService(), other);
    const run = runFinding(planned, new QueuedUnits(await server.connect(), 'paper'));
    await expect(wrong.worker.ended).rejects.toThrow(
      /mnist in .*other: expected data with the SHA-256 [0-9a-f]{64}, which the host has, received [0-9a-f]{64}/,
    );
    const missing = await serve('w2', new UnitService(), join(folder, 'nowhere'));
    await expect(missing.worker.ended).rejects.toThrow(/nowhere.*no such file/);
    const right = await serve('w3', new UnitService());
    await run;
    expect(Object.keys(resultsOf(planned))).toHaveLength(2);
    for (const { end } of [wrong, missing, right]) await end();
  });

  it('has whole trainings done, to the record of one machine', async () => {
    const plan: ScalePlan = {
      train: 32,
      validation: 8,
      test: 8,
      lossExamples: 16,
      hessianExamples: 8,
      checkExamples: 16,
      directionExamples: 16,
      k: 2,
      widths: { filters: 1 / 16, hidden: 1 / 16 },
    };
    const run: TrainingRun = {
      finding: 'nsgd',
      group: 'one',
      data: 'mnist',
      model: 'simple-cnn',
      seed: 1,
      learningRate: 0.05,
      batchSize: 16,
      gamma: 1,
      directions: 'none',
      epochs: 1,
      untilAccuracy: 1,
      eigenvalues: 1,
    };
    const settings = (records: string) => ({
      planOf: () => plan,
      records: join(folder, records),
      checkpoints: join(folder, records, 'checkpoints'),
      dataFolder: join(folder, 'mnist'),
      say: () => {},
    });
    await runAtScale([run], settings('local'));
    const { end } = await serve('w1', new UnitService());
    const { signal } = new AbortController();
    await queueTrainings(await server.connect(), 'paper', [run], settings('queued'), signal);
    const [local, queued] = ['local', 'queued'].map((name) =>
      readRecord(join(folder, name), plan, run).map((point) => ({
        ...point,
        seconds: 0,
        trainingSeconds: 0,
      })),
    );
    expect(queued).toEqual(local);
    expect(queued).toHaveLength(3);
    await end();
  });

  it('is served by a command, which says why it cannot', async () => {
    const start = async (args: readonly string[]): Promise<{ status: number | null; log: string }> => {
      const script = join(import.meta.dirname, '../../../examples/paper/run-worker.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', script, ...args]);
      let log = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => (log += String(data)));
      return new Promise((resolve) => child.once('close', (status) => resolve({ status, log })));
    };
    const ended = await Promise.all([
      start(['--queue', `nats://127.0.0.1:${server.port}`, '--name', 'w1', '--idle', '0']),
      start(['--queue', '127.0.0.1:1']),
    ]);
    expect(ended[0]!).toMatchObject({ status: 0 });
    expect(ended[0]!.log).toMatch(/w1 takes units of the group paper, \d+ at a time/);
    expect(ended[1]!).toMatchObject({ status: 1 });
    expect(ended[1]!.log).toContain('no connection to --queue: connection refused');
  });
});
