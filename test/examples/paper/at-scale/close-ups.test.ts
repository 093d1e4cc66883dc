import * as tf from '@tensorflow/tfjs-core';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CloseUpFinding, Escape, StepsApart } from '../../../../examples/paper/at-scale/close-up.js';
import { readCloseUps } from '../../../../examples/paper/at-scale/close-up-file.js';
import { pathPoints, peakIndex } from '../../../../examples/paper/at-scale/path-points.js';
import { readRecord } from '../../../../examples/paper/at-scale/record-file.js';
import { startBackend } from '../../../../examples/paper/bench.js';
import { runAtScale } from '../../../../examples/paper/at-scale/run-at-scale.js';
import { runCloseUps } from '../../../../examples/paper/at-scale/run-close-ups.js';
import type { TrainingPoint } from '../../../../examples/paper/at-scale/training-point.js';
import { tinyPlan, tinyRun } from './tiny-plan.js';

describe('pathPoints', () => {
  const along = (...sharpness: number[]) =>
    pathPoints(
      sharpness.map((value, i) => ({ epoch: i / 2, eigenvalues: [value] }) as unknown as TrainingPoint),
    ).map(({ name, epoch }) => [name, epoch]);

  it('are the beginning, the highest λ₁, half way on, and the end', () => {
    expect(along(1, 2, 9, 4, 3, 2)).toEqual([
      ['beginning', 0],
      ['peak', 1],
      ['after the peak', 1.5],
      ['end', 2.5],
    ]);
  });

  it('are each told once', () => {
    expect(along(1, 2, 3)).toEqual([
      ['beginning', 0],
      ['peak', 1],
    ]);
    expect(along(1, 3, 2)).toEqual([
      ['beginning', 0],
      ['peak', 0.5],
      ['end', 1],
    ]);
    expect(along(1)).toEqual([['beginning', 0]]);
  });
});

beforeAll(startBackend);

describe('runCloseUps', () => {
  const closeUp = { minibatches: 2, escapeSteps: 3, escapeExamples: 16 };
  let folder: string;
  const settingsOf = (name: string, say: (line: string) => void = () => undefined) => ({
    planOf: () => tinyPlan,
    closeUp,
    records: join(folder, name, 'records'),
    checkpoints: join(folder, name, 'checkpoints'),
    dataFolder: null,
    keepsWeights: () => true,
    say,
  });
  const resultsOf = (name: string, finding: CloseUpFinding = 'decompose') =>
    readCloseUps(settingsOf(name).records, { finding, path: tinyRun, plan: tinyPlan, closeUp }).map(
      ({ id, epoch, result }) => ({ id, epoch, result }),
    );

  let points: readonly TrainingPoint[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'close-ups-'));
    await runAtScale([tinyRun], settingsOf('kept'));
    points = readRecord(settingsOf('kept').records, tinyPlan, tinyRun);
    for (const name of ['lost', 'stopped'])
      cpSync(join(folder, 'kept'), join(folder, name), { recursive: true });
    rmSync(settingsOf('lost').checkpoints, { recursive: true });
    const before = tf.memory().numTensors;
    await runCloseUps('decompose', [tinyRun], settingsOf('kept'));
    expect(tf.memory().numTensors).toBe(before);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('measures with the weights of each point', () => {
    const results = resultsOf('kept');
    expect(results.map(({ epoch }) => epoch)).toEqual(pathPoints(points).map(({ epoch }) => epoch));
    expect(results.length).toBeGreaterThan(1);
    for (const { epoch, result } of results) {
      const { eigenvalues, decomposition, alignment } = result as StepsApart;
      const at = points.find((point) => point.epoch === epoch)!;
      // Both on the same examples, in records of six digits.
      expect(decomposition.lossBefore).toBeCloseTo(at.loss, 5);
      if (at.checkSharpness != null) expect(eigenvalues[0]! / at.checkSharpness).toBeCloseTo(1, 2);
      expect(decomposition.records).toHaveLength(7 * (tinyPlan.k + 2));
      expect(alignment.records.map(({ direction }) => direction)).toContain('e₂');
    }
  });

  it('comes to the same where the weights are lost, and where it was stopped', async () => {
    const said: string[] = [];
    await runCloseUps(
      'decompose',
      [tinyRun],
      settingsOf('lost', (line) => said.push(line)),
    );
    expect(said.some((line) => line.includes('trained again from epoch 0'))).toBe(true);
    expect(resultsOf('lost')).toEqual(resultsOf('kept'));

    let units = 0;
    const stopping = new Error('stopped');
    const settings = settingsOf('stopped', () => {
      if (++units === 2) throw stopping;
    });
    await expect(runCloseUps('decompose', [tinyRun], settings)).rejects.toBe(stopping);
    expect(resultsOf('stopped')).toHaveLength(1);
    await runCloseUps('decompose', [tinyRun], settingsOf('stopped'));
    expect(resultsOf('stopped')).toEqual(resultsOf('kept'));
  });

  it('follows the variants of SGD from the peak', async () => {
    await runCloseUps('escape', [tinyRun], settingsOf('kept'));
    const { epoch, loss } = points[peakIndex(points)]!;
    const results = resultsOf('kept', 'escape');
    expect(results.map(({ id }) => id)).toEqual(
      ['normal', 'onlyTop', 'constantTop', 'removeTop'].map((name) => `epoch ${epoch}, ${name}`),
    );
    for (const { result } of results) {
      const { records, diverged } = result as Escape;
      expect(diverged).toBe(false);
      expect(records).toHaveLength(closeUp.escapeSteps + 1);
      expect(records[0]!.loss).toBeCloseTo(loss, 5);
    }
  });

  it('has nothing to do for a path without a record, and where all is recorded', async () => {
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    await runCloseUps('decompose', [{ ...tinyRun, seed: 2 }], settingsOf('kept', say));
    await runCloseUps('decompose', [tinyRun], settingsOf('kept', say));
    expect(said).toEqual([]);
  });

  it('refuses the record of other minibatches', async () => {
    const settings = { ...settingsOf('kept'), closeUp: { ...closeUp, minibatches: 3 } };
    await expect(runCloseUps('decompose', [tinyRun], settings)).rejects.toThrow(/expected the closeUp/);
  });
});
