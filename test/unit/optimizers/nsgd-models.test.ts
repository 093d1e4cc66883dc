import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type * as tfl from '@tensorflow/tfjs-layers';
import { constraints, input, layers, model as makeModel, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NSGD } from '../../../src/optimizers/nsgd.js';
import { useBackend } from '../../wasm-backend.js';
import { readAll } from './training-problems.js';

beforeAll(() => useBackend('cpu'));

const [examples, features] = [12, 4];
let xs: tf.Tensor2D;
let ys: tf.Tensor2D;
beforeEach(() => {
  tf.dispose([xs, ys]);
  xs = tf.randomNormal([examples, features], 0, 1, 'float32', 1);
  ys = tf.randomNormal([examples, 2], 0, 1, 'float32', 2);
});

const dense = (units: number, config: object = {}) => layers.dense({ units, activation: 'tanh', ...config });

function twoLayers(config: object = {}): LayersModel {
  return sequential({ layers: [dense(5, { inputShape: [features], ...config }), dense(2)] });
}

const nudged = (): NSGD =>
  new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 3, momentum: 0.5, recordSteps: 4 });

function weightsOf(model: LayersModel): number[] {
  return readAll(model.getWeights());
}

/** Every kind of model that a tfjs user may train. */
const kinds: [string, () => LayersModel, (() => tf.Tensor[])?][] = [
  ['a sequential model', twoLayers],
  [
    'several outputs',
    () => {
      const x = input({ shape: [features] });
      const h = dense(3).apply(x) as SymbolicTensor;
      const outputs = [dense(2).apply(h), dense(2).apply(h)] as SymbolicTensor[];
      return makeModel({ inputs: x, outputs });
    },
    () => [ys, ys],
  ],
  [
    'a shared layer',
    () => {
      const x = input({ shape: [features] });
      const shared = dense(features);
      const once = shared.apply(x);
      return makeModel({ inputs: x, outputs: dense(2).apply(shared.apply(once)) as SymbolicTensor });
    },
  ],
  [
    'dropout and batch normalisation',
    () =>
      sequential({
        layers: [
          dense(6, { inputShape: [features] }),
          layers.batchNormalization({}),
          layers.dropout({ rate: 0.3, seed: 1 }),
          dense(2, { kernelRegularizer: 'l1l2' }),
        ],
      }),
  ],
  [
    'a stateful recurrent layer',
    () =>
      sequential({
        layers: [
          layers.reshape({ targetShape: [2, 2], batchInputShape: [4, features] }),
          layers.simpleRNN({ units: 3, stateful: true, recurrentInitializer: 'glorotUniform' }),
          dense(2),
        ],
      }),
  ],
];

describe.each(kinds)('model.fit of %s', (_, make, targets = () => [ys]) => {
  it('trains with metrics, finds directions and leaves no more tensors behind than tf.train.sgd', async () => {
    const leak = async (optimizer: tf.Optimizer): Promise<number> => {
      const model = make();
      model.compile({ optimizer, loss: targets().map(() => 'meanSquaredError'), metrics: ['mae'] });
      const fit = (epochs: number) =>
        model.fit(xs, targets(), { epochs, batchSize: 4, shuffle: false, verbose: 0 });
      await fit(2);
      const settled = tf.memory().numTensors;
      const { history } = await fit(5);
      const grown = tf.memory().numTensors - settled;
      const losses = history.loss as number[];
      expect(losses.at(-1)).toBeLessThan(losses[0]! * 1.05);
      if (optimizer instanceof NSGD) {
        expect(optimizer.directions!.shape).toEqual([2, model.countParams() - countFrozen(model)]);
      }
      model.dispose();
      optimizer.dispose();
      return grown;
    };
    // tfjs itself keeps the states of a stateful layer.
    expect(await leak(nudged())).toBe(await leak(tf.train.sgd(0.05)));
  });
});

function countFrozen(model: LayersModel): number {
  return model.nonTrainableWeights.reduce((sum, weight) => sum + weight.read().size, 0);
}

describe('the ways to train', () => {
  const batches = (): tf.TensorContainerObject[] =>
    [0, 4, 8].map((begin) => ({
      xs: tf.slice(xs, [begin, 0], [4, features]),
      ys: tf.slice(ys, [begin, 0], [4, 2]),
    }));

  it('fit, fitDataset, trainOnBatch and minimize by hand give the same weights', async () => {
    const initial = twoLayers().getWeights();
    const results: number[][] = [];
    const ways: ((model: LayersModel, optimizer: NSGD) => unknown)[] = [
      (model) => model.fit(xs, ys, { batchSize: 4, epochs: 2, shuffle: false, verbose: 0 }),
      (model) => model.fitDataset(datasetOf(batches) as never, { epochs: 2, verbose: 0 }),
      async (model) => {
        for (const batch of [...batches(), ...batches()] as { xs: tf.Tensor; ys: tf.Tensor }[]) {
          await model.trainOnBatch(batch.xs, batch.ys);
          tf.dispose([batch.xs, batch.ys]);
        }
      },
      (model, optimizer) => {
        const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
        for (const batch of [...batches(), ...batches()] as { xs: tf.Tensor; ys: tf.Tensor }[]) {
          const loss = () => {
            const error = tf.squaredDifference(model.apply(batch.xs) as tf.Tensor, batch.ys);
            return tf.mean(tf.mean(error, -1)) as tf.Scalar;
          };
          optimizer.minimize(loss, false, variables);
          tf.dispose([batch.xs, batch.ys]);
        }
      },
    ];
    for (const train of ways) {
      const model = twoLayers();
      model.setWeights(initial);
      const optimizer = nudged();
      model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['mae'] });
      await train(model, optimizer);
      results.push(weightsOf(model));
      optimizer.dispose();
      model.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]);
    tf.dispose(initial);
  });

  it('minimize says how to make variables of the weights of a model', () => {
    const model = twoLayers();
    const optimizer = nudged();
    const loss = (): tf.Scalar => tf.mean(model.apply(xs) as tf.Tensor);
    const minimize = (variables: unknown) => () =>
      optimizer.minimize(loss, false, variables as tf.Variable[]);
    const remedy = 'Write model.trainableWeights.map((weight) => weight.read())';
    expect(minimize(model.trainableWeights)).toThrow(
      /^NSGD.minimize: expected a list of tf.Variable to train/,
    );
    expect(minimize(model.trainableWeights)).toThrow(remedy);
    expect(minimize(model)).toThrow(remedy);
    optimizer.dispose();
    model.dispose();
  });

  it('minimize without a list of variables trains all of them', () => {
    const w = tf.variable(tf.tensor1d([1, 2]), true, 'w-of-all');
    const optimizer = new NSGD({ learningRate: 0.1, k: 1 });
    optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar);
    expect(optimizer.variables).toContain(w);
    w.dispose();
    optimizer.dispose();
  });
});

function datasetOf(batches: () => tf.TensorContainerObject[]): object {
  return {
    size: 3,
    iterator: () => {
      const rest = batches();
      const next = () => Promise.resolve({ value: rest.shift() ?? null, done: rest.length === 0 });
      return Promise.resolve({ next });
    },
  };
}

describe('outside of tf.tidy', () => {
  it.each(['fitDataset', 'trainOnBatch'] as const)('%s leaks no more than with tf.train.sgd', async (way) => {
    const leak = async (optimizer: tf.Optimizer): Promise<number> => {
      const model = twoLayers();
      model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['mae'] });
      const train = async (): Promise<void> => {
        for (let i = 0; i < 4; i++) {
          if (way === 'trainOnBatch') await model.trainOnBatch(xs, ys);
          else {
            const clones = () => [{ xs: tf.clone(xs), ys: tf.clone(ys) }];
            await model.fitDataset(datasetOf(clones) as never, { epochs: 3, verbose: 0 });
          }
        }
      };
      await train();
      const settled = tf.memory().numTensors;
      await train();
      const grown = tf.memory().numTensors - settled;
      model.dispose();
      optimizer.dispose();
      return grown;
    };
    expect(await leak(nudged())).toBe(await leak(tf.train.sgd(0.05)));
  });
});

describe('layers', () => {
  it('frozen after compile are left alone, and new directions are found for the rest', async () => {
    const model = twoLayers();
    const optimizer = new NSGD({ learningRate: 0.05, k: 2, refreshEvery: 1000, momentum: 0.9 });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    await model.fit(xs, ys, { epochs: 2, verbose: 0 });
    expect(optimizer.directions!.shape[1]).toBe(37);
    const frozen = model.layers[0]!;
    frozen.trainable = false;
    const before = readAll(frozen.getWeights());
    await model.fit(xs, ys, { epochs: 2, verbose: 0 });
    expect(optimizer.directions!.shape[1]).toBe(12);
    expect(readAll(frozen.getWeights())).toEqual(before);
    frozen.trainable = true;
    await model.fit(xs, ys, { epochs: 2, verbose: 0 });
    expect(optimizer.directions!.shape[1]).toBe(37);
    expect(readAll(frozen.getWeights())).not.toEqual(before);
    model.dispose();
    optimizer.dispose();
  });

  it('frozen under given directions keep the columns in common', () => {
    const [a, b] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3, 4]))];
    const optimizer = new NSGD({ learningRate: 0.1, gamma: 0, refreshEvery: 0 });
    tf.tidy(() => optimizer.setDirections(tf.tensor2d([[0, 0, 0, 1]]), { variables: [a, b] }));
    const loss = (): tf.Scalar =>
      tf.mul(0.5, tf.add(tf.sum(tf.square(a)), tf.sum(tf.square(b)))) as tf.Scalar;
    a.trainable = false;
    optimizer.minimize(loss, false, [b, a]);
    expect(readAll([a])).toEqual([1, 2]);
    expect(readAll([b])).toEqual([Math.fround(2.7), 4]);
    tf.dispose([a, b]);
    optimizer.dispose();
  });

  it('constraints are applied after each step once the optimizer knows them', async () => {
    const model = twoLayers({ kernelConstraint: constraints.maxNorm({ maxValue: 0.5, axis: 0 }) });
    const optimizer = nudged();
    model.compile({ optimizer, loss: 'meanSquaredError' });
    optimizer.constrain(model);
    await model.fit(xs, ys, { epochs: 3, verbose: 0 });
    const norms = tf.tidy(() => tf.max(tf.norm(model.layers[0]!.getWeights()[0]!, 2, 0)).dataSync()[0]!);
    expect(norms).toBeLessThan(0.5 + 1e-6);
    model.dispose();
    optimizer.dispose();
  });
});

describe('one optimizer and', () => {
  it('two models that live is an error that says so, two one after the other work', async () => {
    const [first, second] = [twoLayers(), twoLayers()];
    const optimizer = nudged();
    for (const model of [first, second]) model.compile({ optimizer, loss: 'meanSquaredError' });
    await first.fit(xs, ys, { verbose: 0 });
    await expect(second.fit(xs, ys, { verbose: 0 })).rejects.toThrow(/one NSGD serves one model/);
    first.dispose();
    const third = twoLayers();
    third.compile({ optimizer, loss: 'meanSquaredError' });
    await third.fit(xs, ys, { verbose: 0 });
    second.dispose();
    third.dispose();
    optimizer.dispose();
  });

  it('a second copy of tfjs train together', async () => {
    const second = secondCopy();
    expect(second.layers).not.toBe(layers);
    const model = second.sequential({
      layers: [second.layers.dense({ units: 2, inputShape: [features], name: 'of-the-second-copy' })],
    });
    const optimizer = nudged();
    model.compile({ optimizer, loss: 'meanSquaredError' });
    await model.fit(xs, ys, { epochs: 4, verbose: 0 });
    expect(optimizer.directions!.shape).toEqual([2, 10]);
    model.dispose();
    optimizer.dispose();
  });
});

/** tfjs-layers with a tfjs-core of its own, as an application with duplicate packages gets it. */
function secondCopy(): typeof tfl {
  const require = createRequire(import.meta.url);
  const ids = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'].map((name) => require.resolve(name));
  const kept = ids.map((id) => require.cache[id]);
  for (const id of ids) delete require.cache[id];
  try {
    return require('@tensorflow/tfjs-layers') as typeof tfl;
  } finally {
    ids.forEach((id, i) => (require.cache[id] = kept[i]));
  }
}

describe('instanceof', () => {
  it('tells an NSGD from other optimizers, and knows one of another copy of the package', () => {
    const optimizer = nudged();
    expect(optimizer instanceof NSGD).toBe(true);
    expect(optimizer instanceof tf.Optimizer).toBe(true);
    expect(tf.train.adam() instanceof NSGD).toBe(false);
    expect({ [Symbol.for('tfjs-curvature.NSGD')]: true } instanceof NSGD).toBe(true);
    expect((null as unknown) instanceof NSGD).toBe(false);
    optimizer.dispose();
  });
});
