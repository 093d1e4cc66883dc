import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DirectionRefresh, RefreshOptions } from '../../../src/callbacks/refresh-directions.js';
import { refreshDirections } from '../../../src/callbacks/refresh-directions.js';
import { sampleObjective } from '../../../src/callbacks/sample-objective.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { SeededRandom } from '../../../src/random.js';
import { useBackend } from '../../wasm-backend.js';
import { makeVariables, quadratic } from '../optimizers/training-problems.js';
import { makeData, makeModel } from './training-run.js';

beforeAll(() => useBackend('cpu'));

let data: ReturnType<typeof makeData>;
beforeEach(() => {
  if (data != null) tf.dispose([data.xs, data.ys]);
  data = makeData();
});

/** Trains 3 epochs of 4 steps and gives what the hooks told. */
async function run(options: RefreshOptions, settings: object = {}): Promise<DirectionRefresh[]> {
  const optimizer = new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 0, ...settings });
  const model = makeModel(optimizer);
  const told: DirectionRefresh[] = [];
  const objective = modelObjective(model, data, { batchSize: 4 });
  const before = tf.memory().numTensors;
  const callbacks = refreshDirections(optimizer, objective, {
    onRefresh: (r) => void told.push(r),
    ...options,
  });
  await model.fit(data.xs, data.ys, { epochs: 3, batchSize: 4, verbose: 0, callbacks });
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
  return told;
}

describe('refreshDirections', () => {
  it('gives the sharpest directions of the objective', async () => {
    const problem = quadratic([5, 3, 1, 0.5, 0.2, 0.1]);
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.1, k: 2, refreshEvery: 0 });
    const objective = lossObjective(() => problem.loss(variables), variables);
    await refreshDirections(optimizer, () => Promise.resolve(objective), { tol: 1e-3 }).onEpochBegin(0);
    const rows = optimizer.directions!.arraySync();
    rows.forEach((row, i) => {
      const cosine = row.reduce((sum, x, j) => sum + x * problem.eigenvectors[i]![j]!, 0);
      expect(Math.abs(cosine)).toBeCloseTo(1, 4);
      expect(optimizer.eigenvalues![i]).toBeCloseTo([5, 3][i]!, 4);
    });
    optimizer.dispose();
    tf.dispose(variables);
  });

  it('disposes what a function has made when it makes another, and not what it gives again', async () => {
    const problem = quadratic([5, 3, 1, 0.5, 0.2, 0.1]);
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.1, k: 1, refreshEvery: 0 });
    const disposed: number[] = [];
    const make = (i: number) => ({
      ...lossObjective(() => problem.loss(variables), variables),
      dispose: () => void disposed.push(i),
    });
    const [first, ...others] = [0, 1, 2].map(make);
    const given = [first!, first!, ...others];
    const hooks = refreshDirections(optimizer, () => given.shift()!);
    const seen: number[][] = [];
    for (let epoch = 0; epoch < 4; epoch++) {
      await hooks.onEpochBegin(epoch);
      seen.push([...disposed]);
    }
    expect(seen).toEqual([[], [], [0], [0, 1]]);
    optimizer.dispose();
    tf.dispose(variables);
  });

  it('again and again, also where there is no room to start from those before', async () => {
    const spectrum = [5, 3, 1, 0.5, 0.2, 0.1];
    const problem = quadratic(spectrum);
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.1, k: 4, refreshEvery: 0 });
    const objective = lossObjective(() => problem.loss(variables), variables);
    const hooks = refreshDirections(optimizer, objective, { tol: 1e-3 });
    for (const epoch of [0, 1]) {
      await hooks.onEpochBegin(epoch);
      spectrum.slice(0, 4).forEach((value, i) => expect(optimizer.eigenvalues![i]).toBeCloseTo(value, 4));
    }
    optimizer.dispose();
    tf.dispose(variables);
  });

  it.each<[RefreshOptions['every'], number[]]>([
    ['epoch', [0, 4, 8]],
    [5, [0, 5, 10]],
    ['log', [0, 1, 2, 4, 8]],
  ])('every %s', async (every, steps) => {
    const told = await run({ every });
    expect(told.map(({ step }) => step)).toEqual(steps);
    for (const { status, eigenvalues } of told) {
      expect(status).toBe('converged');
      expect(eigenvalues).toHaveLength(2);
    }
  });

  it('not while the optimizer does not nudge', async () => {
    expect(await run({}, { gamma: 1 })).toEqual([]);
    expect((await run({}, { burnIn: 4 })).map(({ step }) => step)).toEqual([4, 8]);
  });

  it('keeps the directions where the loss is no finite number', async () => {
    const told = await run({ every: 1 }, { learningRate: 1e30 });
    expect(told.length).toBeLessThan(12);
  });

  it.each([
    [{ every: -1 }, /every 'epoch' or 'log', .* received -1/],
    [{ sampleSize: 0 }, /refreshDirections: expected a number sampleSize > 0 and <= 1, received 0/],
    [{ sample: 'new' }, /sample 'fresh' or 'fixed', received "new"/],
  ])('refuses %o', (options, message) => {
    const optimizer = new NSGD({ learningRate: 1 });
    expect(() => refreshDirections(optimizer, {} as Objective, options as RefreshOptions)).toThrow(message);
    optimizer.dispose();
  });
});

describe('sampleObjective', () => {
  const weights = [0.3, 0.3, 0.3, 0.1];
  const objective = {
    terms: weights.map((weight, i) => ({ weight, loss: () => tf.scalar(i) })),
    evaluate: <T>(f: () => T): T => f(),
  } as unknown as Objective;

  it('draws whole terms up to the share and lets them stand for all', () => {
    const random = new SeededRandom(1);
    const drawn = Array.from({ length: 50 }, () => sampleObjective(objective, 0.5, random).terms);
    for (const terms of drawn) {
      expect(terms.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
      expect(terms.length).toBeGreaterThanOrEqual(2);
      expect(terms.length).toBeLessThan(4);
    }
    expect(new Set(drawn.map((terms) => terms.length)).size).toBeGreaterThan(1);
  });

  it('is the objective itself for a share of 1', () => {
    expect(sampleObjective(objective, 1, new SeededRandom(1))).toBe(objective);
  });
});
