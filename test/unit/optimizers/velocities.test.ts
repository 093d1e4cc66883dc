import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { NSGD } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';
import { readAll } from './training-problems.js';

beforeAll(() => useBackend('cpu'));

const [eta, mu] = [0.1, 0.9];
const make = (): NSGD => new NSGD({ learningRate: eta, momentum: mu, gamma: 1 });
const zeros = (name: string, shape: number[] = [3]): tf.Variable =>
  tf.tidy(() => tf.variable(tf.zeros(shape), true, `velocities/${name}`));
/** The gradient of Σ x is 1, so t steps of momentum from rest move x by −η Σ_{s ≤ t} (1 + … + μ^{s−1}). */
const slope = (...variables: tf.Variable[]): tf.Scalar =>
  tf.tidy(() => tf.addN(variables.map((x) => tf.sum(x)))) as tf.Scalar;
const step = (optimizer: NSGD, ...variables: tf.Variable[]): void =>
  void optimizer.minimize(() => slope(...variables), false, variables);
const gone = (steps: number): number => {
  let [velocity, x] = [0, 0];
  for (let t = 0; t < steps; t++) {
    velocity = mu * velocity - eta;
    x += velocity;
  }
  return x;
};
/** Within the rounding of a few float32 operations on numbers below 1. */
const expectAll = (x: tf.Tensor, value: number): void => {
  for (const entry of readAll([x])) expect(Math.abs(entry - value)).toBeLessThan(8 * 2 ** -24);
};

describe('velocities belong to variables', () => {
  it.each([
    ['the same', ['dense_1', 'dense_2']],
    ['others', ['a', 'b']],
    ['those of one layer further', ['dense_2', 'dense_3']],
    ['exchanged', ['dense_2', 'dense_1']],
  ])('and are found by a model that is built again, whose names are %s', async (_, names) => {
    const optimizer = make();
    const saved = ['dense_1', 'dense_2'].map((name) => zeros(name));
    // The second is faster.
    const loss = (): tf.Scalar =>
      tf.tidy(() => tf.add(slope(saved[0]!), tf.mul(3, slope(saved[1]!)))) as tf.Scalar;
    optimizer.minimize(loss, false, saved);
    const weights = await optimizer.getWeights();
    const resumed = make();
    await resumed.setWeights(weights);
    tf.dispose(saved);
    const [first, second] = names.map((name) => zeros(name)) as [tf.Variable, tf.Variable];
    step(resumed, first, second);
    const [slow, fast] = [-eta - mu * eta, -eta - 3 * mu * eta];
    const isExchanged = names[0] === 'dense_2' && names[1] === 'dense_1';
    expectAll(first, isExchanged ? fast : slow);
    expectAll(second, isExchanged ? slow : fast);
    for (const held of [optimizer, resumed, first, second]) held.dispose();
  });

  it.each([[[3]], [[2, 3]]])('and not to one of the same name, of shape %j, that comes later', (shape) => {
    const optimizer = make();
    const first = zeros('w');
    for (let t = 0; t < 3; t++) step(optimizer, first);
    expectAll(first, gone(3));
    first.dispose();
    const second = zeros('w', shape);
    step(optimizer, second);
    expectAll(second, gone(1));
    optimizer.dispose();
    second.dispose();
  });

  it('and go with them', async () => {
    const { numTensors } = tf.memory();
    const optimizer = make();
    for (const name of ['p', 'q', 'r']) {
      const variable = zeros(name);
      step(optimizer, variable);
      const saved = (await optimizer.getWeights()).map((entry) => entry.name);
      expect(saved.filter((entry) => entry.endsWith('/velocity'))).toEqual([`velocities/${name}/velocity`]);
      variable.dispose();
    }
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe('velocities that are saved', () => {
  /** One step of a and b, one of b alone, then both again: with `between` done to the optimizer before the last. */
  async function frozenMeanwhile(between: (optimizer: NSGD) => Promise<NSGD>): Promise<number[]> {
    const [a, b] = [zeros('a'), zeros('b')];
    let optimizer = make();
    step(optimizer, a, b);
    a.trainable = false;
    step(optimizer, a, b);
    optimizer = await between(optimizer);
    a.trainable = true;
    step(optimizer, a, b);
    step(optimizer, a, b);
    const values = readAll([a, b]);
    tf.dispose([a, b]);
    optimizer.dispose();
    return values;
  }
  const reload = async (old: NSGD, drop = ''): Promise<NSGD> => {
    const fresh = make();
    const saved = await old.getWeights();
    await fresh.setWeights(saved.filter(({ name }) => name !== drop));
    old.dispose();
    return fresh;
  };

  it('are also those of frozen variables: training goes on as if it had not been interrupted', async () => {
    const uninterrupted = await frozenMeanwhile((optimizer) => Promise.resolve(optimizer));
    expect(uninterrupted[0]).toBeCloseTo(gone(3), 6);
    expect(uninterrupted[5]).toBeCloseTo(gone(4), 6);
    expect(await frozenMeanwhile(reload)).toEqual(uninterrupted);
    // Saved again before a step is taken.
    expect(await frozenMeanwhile(async (optimizer) => reload(await reload(optimizer)))).toEqual(
      uninterrupted,
    );
  });

  it('are matched by name where a file has some only, and the others begin at rest', async () => {
    const values = await frozenMeanwhile((optimizer) => reload(optimizer, 'velocities/a/velocity'));
    expect(values[0]).toBeCloseTo(gone(1) + gone(2), 6);
    expect(values[5]).toBeCloseTo(gone(4), 6);
  });

  it('find a frozen layer of a model that is loaded beside the first, whose variables have other names', async () => {
    const dense = (config: object) =>
      layers.dense({ units: 2, kernelInitializer: 'ones', useBias: false, ...config });
    const model = sequential({ layers: [dense({ inputShape: [2] }), dense({})] });
    const xs = tf.ones([4, 2]);
    const ys = tf.zeros([4, 2]);
    const fit = async (of: LayersModel, optimizer: NSGD, trainable: boolean): Promise<void> => {
      of.layers[0]!.trainable = trainable;
      of.compile({ optimizer, loss: 'meanSquaredError' });
      await of.fit(xs, ys, { verbose: 0 });
    };
    const optimizer = new NSGD({ learningRate: 0.01, momentum: mu, gamma: 1 });
    await fit(model, optimizer, true);
    await fit(model, optimizer, false);
    const copy = await loadLayersModel({
      load: () => Promise.resolve({ modelTopology: model.toJSON(null, false) as object }),
    });
    copy.setWeights(model.getWeights());
    const resumed = new NSGD(optimizer.getConfig() as never);
    await resumed.setWeights(await optimizer.getWeights());
    expect(copy.weights[0]!.name).not.toBe(model.weights[0]!.name);
    for (const trainable of [false, true]) {
      await fit(model, optimizer, trainable);
      await fit(copy, resumed, trainable);
    }
    expect(readAll(copy.getWeights())).toEqual(readAll(model.getWeights()));
    for (const part of [model, copy, optimizer, resumed]) part.dispose();
    tf.dispose([xs, ys]);
  });
});
