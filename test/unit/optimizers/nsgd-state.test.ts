import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { register } from '../../../src/optimizers/register-nsgd.js';
import type { NSGDOptions } from '../../../src/optimizers/nsgd-options.js';
import { useBackend } from '../../wasm-backend.js';
import { makeVariables, randomRows, readAll, smallNet } from './training-problems.js';

beforeAll(() => useBackend('cpu'));

const problem = smallNet();
const n = problem.start.length;

function compiled(optimizer: tf.Optimizer): LayersModel {
  const model = sequential({
    layers: [layers.dense({ units: 5, inputShape: [4], activation: 'tanh' }), layers.dense({ units: 2 })],
  });
  model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['mae'] });
  return model;
}

async function saved(model: LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | null = null;
  const handler = tf.io.withSaveHandler((given) => {
    artifacts = given;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } });
  });
  await model.save(handler, { includeOptimizer: true });
  return artifacts!;
}

describe('model.save with includeOptimizer', () => {
  it.each<[string, Partial<NSGDOptions>]>([
    ['momentum, own directions', { momentum: 0.9, refreshEvery: 3 }],
    ['no momentum, correction of the gradient', { correction: 'gradient', refreshEvery: 4, trackEvery: 2 }],
    ['decay and burn-in', { momentum: 0.5, useNesterov: true, decay: 0.1, burnIn: 7, refreshEvery: 2 }],
  ])('and loading goes on to the very same weights: %s', async (_, options) => {
    const [inputs, targets] = [
      tf.randomNormal([12, 4], 0, 1, 'float32', 1),
      tf.randomNormal([12, 2], 0, 1, 'float32', 2),
    ];
    const fit = (model: LayersModel) =>
      model.fit(inputs, targets, { epochs: 2, batchSize: 4, shuffle: false, verbose: 0 });
    const optimizer = new NSGD({ learningRate: 0.1, k: 2, gamma: 0.3, ...options });
    const model = compiled(optimizer);
    await fit(model);
    const artifacts = await saved(model);
    await fit(model);
    const loaded = await loadLayersModel(tf.io.fromMemory(artifacts));
    const resumed = loaded.optimizer as NSGD;
    expect(resumed).toBeInstanceOf(NSGD);
    expect(resumed.getConfig()).toEqual(optimizer.getConfig());
    await fit(loaded);
    expect(readAll(loaded.getWeights())).toEqual(readAll(model.getWeights()));
    expect(resumed.iterations).toBe(optimizer.iterations);
    expect(resumed.eigenvalues).toEqual(optimizer.eigenvalues);
    for (const part of [model, loaded, optimizer, resumed]) part.dispose();
    tf.dispose([inputs, targets]);
  });

  it('leaves no tensor behind when repeated', async () => {
    const optimizer = new NSGD({ learningRate: 0.1, k: 2, momentum: 0.9 });
    const model = compiled(optimizer);
    const [inputs, targets] = [tf.ones([4, 4]), tf.ones([4, 2])];
    await model.fit(inputs, targets, { verbose: 0 });
    await saved(model);
    const settled = tf.memory().numTensors;
    await saved(model);
    expect(tf.memory().numTensors).toBe(settled);
    model.dispose();
    optimizer.dispose();
    tf.dispose([inputs, targets]);
  });

  it('with a schedule says that a function cannot be saved', async () => {
    const optimizer = new NSGD({ learningRate: 0.1, gamma: () => 0.5 });
    const model = compiled(optimizer);
    await expect(saved(model)).rejects.toThrow(/gamma to be a number.*after loading.*a function/);
    model.dispose();
    optimizer.dispose();
  });

  it('refuses velocities of another model', async () => {
    const variables = makeVariables(problem);
    const other = tf.variable(tf.ones([3]));
    const optimizer = new NSGD({ learningRate: 0.1, momentum: 0.9, gamma: 1 });
    optimizer.minimize(() => problem.loss(variables), false, variables);
    const copy = new NSGD({ learningRate: 0.1, momentum: 0.9, gamma: 1 });
    await copy.setWeights(await optimizer.getWeights());
    expect(() => copy.minimize(() => tf.sum(tf.square(other)) as tf.Scalar, false, [other])).toThrow(
      /variables shaped like those the loaded velocities belong to, \[3,4\] \[4\] \[4,2\] \[2\], received \[3\]/,
    );
    optimizer.dispose();
    copy.dispose();
    tf.dispose([other, ...variables]);
  });
});

describe('register', () => {
  it('puts the class into the registry of the given copy', () => {
    const registered: unknown[] = [];
    register({ serialization: { registerClass: (cls) => (registered.push(cls), cls) } });
    expect(registered).toEqual([NSGD]);
    expect(tf.serialization.getRegisteredName(NSGD)).toBe('Custom>NSGD');
  });
});

describe('settings out of range name the setting and what came', () => {
  it.each<[object, RegExp]>([
    [
      {},
      /NSGD: expected a number learningRate >= 0, or a function of the step as learningRate, received undefined/,
    ],
    [{ learningRate: NaN }, /NSGD: .* learningRate .* received NaN/],
    [{ learningRate: -1 }, /NSGD: .* learningRate .* received -1/],
    [{ learningRate: 1, gamma: -0.1 }, /NSGD: .* gamma .* received -0.1/],
    [{ learningRate: 1, gamma: NaN }, /NSGD: .* gamma .* received NaN/],
    [{ learningRate: 1, k: 0 }, /NSGD: expected an integer k >= 1, or null, received 0/],
    [{ learningRate: 1, k: 2.5 }, /NSGD: .* k .* received 2.5/],
    [{ learningRate: 1, momentum: 1 }, /NSGD: expected a number momentum >= 0 and < 1, received 1/],
    [{ learningRate: 1, momentum: NaN }, /NSGD: .* momentum .* received NaN/],
    [
      { learningRate: 1, correction: 'step' },
      /NSGD: expected correction 'update', 'gradient' or 'both', received "step"/,
    ],
    [{ learningRate: 1, useNesterov: true }, /NSGD: .* momentum > 0 with useNesterov.* received 0/],
    [{ learningRate: 1, refreshEvery: -1 }, /NSGD: .* refreshEvery .* received -1/],
    [{ learningRate: 1, clipNorm: 0 }, /NSGD: .* clipNorm .* received 0/],
    [{ learningRate: 1, weightDecay: NaN }, /NSGD: .* weightDecay .* received NaN/],
    [{ learningRate: 1, overshoot: 2 }, /options among learningRate, gamma,.* received "overshoot"/],
  ])('%o', (options, message) => {
    expect(() => new NSGD(options as NSGDOptions)).toThrow(message);
  });

  it('a schedule that leaves the range, at the step where it does', () => {
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: (t) => (t < 2 ? 0.1 : NaN), gamma: 1 });
    const step = (): void => void optimizer.minimize(() => problem.loss(variables), false, variables);
    step();
    step();
    expect(step).toThrow(/NSGD: expected a number learningRate at step 2 >= 0, received NaN/);
    expect(() => optimizer.setGamma(NaN)).toThrow(/NSGD.setGamma/);
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('more directions than parameters', () => {
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.1, k: n + 1 });
    expect(() => optimizer.minimize(() => problem.loss(variables), false, variables)).toThrow(
      `NSGD: expected k of at most ${n}, the number of trainable parameters, received ${n + 1}`,
    );
    tf.dispose(variables);
    optimizer.dispose();
  });
});

describe('setDirections', () => {
  const make = (): NSGD => new NSGD({ learningRate: 0.1, refreshEvery: 0 });
  const give = (optimizer: NSGD, rows: number[][], given = {}): void => {
    tf.tidy(() => optimizer.setDirections(tf.tensor2d(rows), given));
  };

  it('refuses rows that are not orthonormal', () => {
    const optimizer = make();
    const before = tf.memory().numTensors;
    expect(() =>
      give(optimizer, [
        [1, 0, 0],
        [0.1, 1, 0],
      ]),
    ).toThrow(/orthonormal rows.*received rows with \|V Vᵀ − I\| = 0.1/);
    expect(() => give(optimizer, [[NaN, 0, 0]])).toThrow(/orthonormal/);
    expect(() => tf.tidy(() => optimizer.setDirections(tf.zeros([0, 3])))).toThrow(/a live float32 tensor/);
    expect(tf.memory().numTensors).toBe(before);
    optimizer.dispose();
  });

  it('refuses another width, as soon as the variables are known', () => {
    const variables = makeVariables(problem);
    const optimizer = make();
    const wide = randomRows(2, n + 1, 1);
    give(optimizer, wide);
    const step = (): void => void optimizer.minimize(() => problem.loss(variables), false, variables);
    expect(step).toThrow(`directions of shape [k, ${n}], one column per trainable parameter`);
    expect(() => give(optimizer, wide)).toThrow(`directions of shape [k, ${n}]`);
    expect(() => give(optimizer, wide, { variables })).toThrow(`directions of shape [k, ${n}]`);
    expect(() => give(optimizer, randomRows(2, n, 1), { eigenvalues: [1] })).toThrow(/2 eigenvalues/);
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('takes any number of directions, whatever k is, which goes on to say how many a search finds', () => {
    const optimizer = new NSGD({ learningRate: 0.1, k: 2 });
    give(optimizer, randomRows(5, n, 1));
    expect([optimizer.k, optimizer.directions!.shape[0]]).toEqual([2, 5]);
    optimizer.dispose();
  });

  it('that is refused changes nothing, also not when the next search is due', () => {
    const variables = makeVariables(problem);
    const optimizer = new NSGD({ learningRate: 0.01, k: 2, refreshEvery: 1000 });
    const [wide, skewed, rows] = [randomRows(2, n + 1, 1), [Array(n).fill(1)], randomRows(2, n, 1)];
    expect(() => give(optimizer, wide, { variables })).toThrow(/directions of shape/);
    expect(() => give(optimizer, skewed)).toThrow(/orthonormal/);
    expect(() => give(optimizer, rows, { eigenvalues: [1] })).toThrow(/2 eigenvalues/);
    // The first search is due at the first step, as it was before.
    optimizer.minimize(() => problem.loss(variables), false, variables);
    expect(optimizer.status).not.toBe('none');
    const { directions, status } = optimizer;
    expect(() => give(optimizer, skewed)).toThrow(/orthonormal/);
    expect([optimizer.directions, optimizer.status]).toEqual([directions, status]);
    tf.dispose(variables);
    optimizer.dispose();
  });

  it('copies what it is given, and null takes the directions away', () => {
    const optimizer = make();
    const rows = tf.tensor2d(randomRows(2, n, 1));
    optimizer.setDirections(rows, { eigenvalues: [2, 1] });
    rows.dispose();
    expect(optimizer.directions!.isDisposed).toBe(false);
    expect(optimizer.eigenvalues).toEqual(Float64Array.of(2, 1));
    expect(optimizer.status).toBe('given');
    optimizer.setDirections(null);
    expect([optimizer.directions, optimizer.eigenvalues, optimizer.status]).toEqual([null, null, 'none']);
    optimizer.dispose();
  });
});

describe('records', () => {
  it('of the latest steps hold the coordinates of gradient and update, in plain numbers', async () => {
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const directions = randomRows(3, n, 4);
    const optimizer = new NSGD({ learningRate: 0.1, gamma: 0.2, refreshEvery: 0, recordSteps: 2 });
    tf.tidy(() => optimizer.setDirections(tf.tensor2d(directions)));
    let theta: number[] = [];
    for (let step = 0; step < 4; step++) {
      theta = readAll(variables);
      optimizer.minimize(() => problem.loss(variables), false, variables);
    }
    const records = await optimizer.records();
    expect(records.map(({ step, age, gamma, learningRate }) => [step, age, gamma, learningRate])).toEqual([
      [2, 2, 0.2, 0.1],
      [3, 3, 0.2, 0.1],
    ]);
    const g = problem.gradient(theta);
    const norm = Math.hypot(...g);
    const [, last] = records;
    expect(last!.gradientNorm).toBeCloseTo(norm, 5);
    expect(last!.updateNorm).toBeCloseTo(0.1 * norm, 5);
    directions.forEach((e, i) => {
      const alpha = Math.abs(e.reduce((sum, x, j) => sum + x * g[j]!, 0));
      expect(last!.alphas[i]).toBeCloseTo(alpha, 5);
      expect(last!.shares[i]).toBeCloseTo(alpha / norm, 5);
      expect(last!.updateShares[i]).toBeCloseTo(alpha / norm, 5);
    });
    expect(JSON.parse(JSON.stringify(records))).toEqual(records);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(variables);
  });

  it('are those of the call where training goes on while they are read', async () => {
    const variables = makeVariables(problem);
    const before = tf.memory().numTensors;
    const optimizer = new NSGD({ learningRate: 0.1, refreshEvery: 0, recordSteps: 3 });
    tf.tidy(() => optimizer.setDirections(tf.tensor2d(randomRows(1, n, 4))));
    const step = (): void => void optimizer.minimize(() => problem.loss(variables), false, variables);
    for (let i = 0; i < 3; i++) step();
    const [early, again] = [optimizer.records(), optimizer.records()];
    for (let i = 0; i < 3; i++) step();
    const late = optimizer.records();
    step();
    optimizer.dispose();
    const steps = async (records: typeof early) => (await records).map(({ step }) => step);
    expect([await steps(early), await steps(late)]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(await again).toEqual(await early);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(variables);
  });
});
