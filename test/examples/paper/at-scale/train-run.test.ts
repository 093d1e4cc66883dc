import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../../../examples/paper/at-scale/checkpoint.js';
import { readCheckpoint } from '../../../../examples/paper/at-scale/checkpoint.js';
import { readRecord } from '../../../../examples/paper/at-scale/record-file.js';
import { runAtScale } from '../../../../examples/paper/at-scale/run-at-scale.js';
import { trainRun } from '../../../../examples/paper/at-scale/train-run.js';
import type { TrainingRun } from '../../../../examples/paper/at-scale/training-run.js';
import { idOf } from '../../../../examples/paper/at-scale/training-run.js';
import { createModel } from '../../../../examples/models/create-model.js';
import { startBackend } from '../../../../examples/paper/bench.js';
import type { PreparedData } from '../../../../examples/paper/prepared-data.js';
import { prepareData } from '../../../../examples/paper/prepared-data.js';
import { distanceTravelled } from '../../../../src/analysis/distance-travelled.js';
import { tinyPlan, tinyRun } from './tiny-plan.js';

const [plan, plain] = [tinyPlan, tinyRun];

let data: PreparedData;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'at-scale-'));
  const undo = await startBackend();
  data = prepareData('mnist', null, plan, 0);
  return undo;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The last checkpoint of a run; stopped after each of `stops` steps, it goes on from what is on the disk. */
async function trained(run: TrainingRun, stops: readonly number[] = []): Promise<Checkpoint> {
  let last: string | null = null;
  for (const stop of [...stops, Infinity]) {
    const from = last == null ? null : (JSON.parse(last) as Checkpoint);
    const training = trainRun(
      {
        plan,
        data,
        onCheckpoint: (state) => (last = JSON.stringify(state)),
        onStep: (step) => {
          if (step === stop) throw new Error('killed');
        },
      },
      run,
      from,
      run.epochs,
    );
    await (stop === Infinity ? training : expect(training).rejects.toThrow('killed'));
  }
  return JSON.parse(last!) as Checkpoint;
}

/** All but the seconds. */
function numbersOf({ points, ...state }: Checkpoint): unknown {
  return { ...state, points: points.map((point) => ({ ...point, trainingSeconds: 0, seconds: 0 })) };
}

describe('trainRun', () => {
  it.each([
    ['SGD', plain],
    ['directions of a sample', { ...plain, gamma: 0.1, directions: 'sample', eigenvalues: 2 }],
    ['directions of the optimizer', { ...plain, gamma: 0.1, directions: 'optimizer' }],
    ['random directions', { ...plain, gamma: 0.1, directions: 'random' }],
    ['the sharpest directions alone', { ...plain, directions: 'sample', keeps: 'top', measureEvery: 1 }],
  ] as const)('comes to the same, bit for bit, wherever it is stopped: %s', async (_, run) => {
    const expected = numbersOf(await trained(run));
    // Before the first half epoch, between a half and a whole one, at the first step after an epoch, and near the end.
    expect(numbersOf(await trained(run, [1, 3, 5, 7]))).toEqual(expected);
  });

  it('steps as SGD does with γ = 1, and otherwise with each source of directions', async () => {
    const weightsOf = async (run: TrainingRun): Promise<string> =>
      JSON.stringify((await trained({ ...run, epochs: 1 })).weights);
    const sgd = await weightsOf(plain);
    expect(await weightsOf({ ...plain, directions: 'sample' })).toBe(sgd);
    const others = await Promise.all(
      (['sample', 'optimizer', 'random'] as const).map((directions) =>
        weightsOf({ ...plain, gamma: 0.1, directions }),
      ),
    );
    expect(new Set([sgd, ...others]).size).toBe(4);
  });

  it('measures each half epoch, accuracies at whole ones, the larger sample at three points', async () => {
    const { points } = await trained({ ...plain, eigenvalues: 2 });
    expect(points.map(({ epoch }) => epoch)).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(points.map(({ step }) => step)).toEqual([0, 2, 4, 6, 8]);
    for (const { epoch, eigenvalues, validationAccuracy, checkSharpness, distance } of points) {
      expect(eigenvalues).toHaveLength(2);
      expect(eigenvalues[0]).toBeGreaterThan(eigenvalues[1]!);
      expect(validationAccuracy == null).toBe(!Number.isInteger(epoch));
      expect(checkSharpness == null).toBe(![0, 1, 2].includes(epoch));
      expect(distance > 0).toBe(epoch > 0);
    }
    expect(points.at(-1)!.loss).toBeLessThan(points[0]!.loss);
  });

  it('measures full batches every so many steps, and takes all of a step, or what is in or out of the top', async () => {
    const whole = { ...plain, batchSize: plan.train, epochs: 4, measureEvery: 2, learningRate: 0.1 };
    const states = await Promise.all(
      [
        whole,
        { ...whole, directions: 'sample', keeps: 'top' },
        { ...whole, directions: 'sample', gamma: 0 },
      ].map((run) => trained({ ...run, finding: 'edge' } as TrainingRun)),
    );
    for (const { points } of states) expect(points.map(({ step }) => step)).toEqual([0, 2, 4]);
    const [all, top, rest] = states.map(({ points }) => points[1]!.distance);
    // Of two steps of one gradient each: what a step keeps is no longer than the step.
    expect(top).toBeLessThan(all!);
    expect(rest).toBeLessThan(all!);
    expect(new Set([all, top, rest]).size).toBe(3);
    // Two steps of SGD on all examples, from the same weights.
    const shape = { inputShape: [28, 28, 1], classes: data.classes, seed: whole.seed } as const;
    const model = createModel('simple-cnn', shape, plan.widths);
    model.compile({ optimizer: tf.train.sgd(whole.learningRate), loss: 'categoricalCrossentropy' });
    const travelled = distanceTravelled(model);
    for (let i = 0; i < 2; i++) await model.trainOnBatch(data.train.xs, data.train.ys);
    // Sums in another order.
    expect(all! / (await travelled.measure(2)).distance).toBeCloseTo(1, 5);
    travelled.dispose();
    model.dispose();
  });

  it('ends where it is accurate enough, and leaves no tensors', async () => {
    const before = tf.memory().numTensors;
    const { points } = await trained({ ...plain, untilAccuracy: 0.01, epochs: 100 });
    expect(points.at(-1)!.epoch).toBeLessThanOrEqual(1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('runAtScale', () => {
  const runs = [plain, { ...plain, gamma: 0.1, directions: 'random' }] as const;
  const settingsOf = (name: string) => ({
    planOf: () => plan,
    records: join(folder, name, 'records'),
    checkpoints: join(folder, name, 'checkpoints'),
    dataFolder: null,
    say: () => undefined,
  });

  it('goes unit by unit, the runs of a group side by side, and on from what is there', async () => {
    const said: string[] = [];
    const settings = settingsOf('whole');
    const stopping = new Error('stopped');
    const stopped = runAtScale(runs, {
      ...settings,
      say: (line) => {
        said.push(line);
        // In the second unit, with half an epoch of the second run on the disk.
        if (said.filter((other) => other.includes('epoch 0.5')).length === 2) throw stopping;
      },
    });
    await expect(stopped).rejects.toBe(stopping);
    expect(said.filter((line) => line.startsWith('nsgd'))).toHaveLength(2);
    await runAtScale(runs, settings);
    for (const run of runs) {
      const alone = numbersOf(await trained(run));
      const { points, ...state } = readCheckpoint(settings.checkpoints, plan, run)!;
      expect(numbersOf({ points, ...state })).toMatchObject(alone as object);
      const recorded = readRecord(settings.records, plan, run);
      expect(recorded.map(({ epoch }) => epoch)).toEqual(points.map(({ epoch }) => epoch));
      recorded.forEach(({ loss }, i) => expect(loss).toBeCloseTo(points[i]!.loss, 5));
    }
    // Nothing is left to do.
    said.length = 0;
    await runAtScale(runs, { ...settings, say: (line) => said.push(line) });
    expect(said).toEqual([]);
  });

  it('trains a run anew whose checkpoint is lost, and keeps its record until it has come further', async () => {
    const settings = settingsOf('lost');
    await runAtScale([plain], settings);
    const path = join(settings.records, `${idOf(plain)}.json`);
    const whole = readFileSync(path, 'utf8');
    const lines = whole.split('\n');
    // The record of one epoch and a half, without its checkpoint.
    writeFileSync(path, [...lines.slice(0, 8), lines[8]!.replace(/,$/, ''), ']', '}', ''].join('\n'));
    rmSync(settings.checkpoints, { recursive: true });
    const epochs: number[] = [];
    const say = (): void => void epochs.push(readRecord(settings.records, plan, plain).at(-1)!.epoch);
    await runAtScale([plain], { ...settings, say });
    expect(epochs).toEqual([1.5, 1.5, 1.5, 1.5, 1.5, 2]);
    expect(readRecord(settings.records, plan, plain).map(({ loss }) => loss)).toEqual(
      (JSON.parse(whole) as { points: number[][] }).points.map(([, , loss]) => loss),
    );
  });

  it('refuses the record of another run, and a damaged one', async () => {
    const settings = settingsOf('other');
    await runAtScale([{ ...plain, epochs: 1 }], settings);
    const path = join(settings.records, `${idOf(plain)}.json`);
    const before = readFileSync(path, 'utf8');
    await expect(runAtScale([plain], settings)).rejects.toThrow(/expected the run/);
    expect(readFileSync(path, 'utf8')).toBe(before);
    writeFileSync(path, before.slice(0, 100));
    await expect(runAtScale([plain], settings)).rejects.toThrow(/no JSON/);
  });
});
