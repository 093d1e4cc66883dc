import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BatchedDataset, Objective } from '../../../src/index.js';
import {
  CurvatureArgumentError,
  HessianOperator,
  modelObjective,
  modelObjectiveFromDataset,
} from '../../../src/index.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

const seeded = (seed: number) => tfl.initializers.glorotUniform({ seed });
const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

let model: tfl.LayersModel;
let xs: tf.Tensor;
let ys: tf.Tensor;
let tensors: number;

beforeEach(async () => {
  await useBackend('cpu');
  model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 3, inputShape: [2], activation: 'tanh', kernelInitializer: seeded(1) }),
      tfl.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: seeded(2) }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  xs = normal([7, 2], 3);
  ys = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([0, 1, 1, 0, 1, 0, 0], 'int32'), 2), 'float32'));
  tensors = tf.memory().numTensors;
});

afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  tf.dispose([xs, ys]);
  model.dispose();
});

/** What tf.data gives for zip({ xs, ys }).batch(size), and repeat() where there is no end. */
function batched(size: number, options: { endless?: boolean; make?: (b: tf.Tensor) => tf.Tensor } = {}) {
  const { endless = false, make = (batch) => batch } = options;
  const dataset: BatchedDataset = {
    size: endless ? Infinity : Math.ceil(7 / size),
    iterator: () => {
      let begin = 0;
      const next = (): Promise<{ value: unknown; done: boolean }> => {
        if (begin >= 7 && endless) begin = 0;
        if (begin >= 7) return Promise.resolve({ value: null, done: true });
        const count = Math.min(size, 7 - begin);
        const value = { xs: make(tf.slice(xs, begin, count)), ys: tf.slice(ys, begin, count) };
        begin += size;
        return Promise.resolve({ value, done: false });
      };
      return Promise.resolve({ next });
    },
  };
  return dataset;
}

function read(objective: Objective): number[] {
  const hessian = new HessianOperator(objective);
  const v = normal([hessian.size], 9) as tf.Tensor1D;
  const [gradient, product] = [hessian.gradient(), hessian.matvec(v)];
  const values = [hessian.loss(), ...gradient.dataSync(), ...product.dataSync()];
  tf.dispose([v, gradient, product]);
  hessian.dispose();
  return values;
}

it('weighs the batches by their examples: what it has of all data is what modelObjective has', async () => {
  for (const size of [3, 7]) {
    const objective = await modelObjectiveFromDataset(model, batched(size));
    expect(objective.examples).toBe(7);
    // A sum in another order.
    expect(relativeError(read(objective), read(modelObjective(model, { xs, ys })))).toBeLessThan(1e-6);
    objective.dispose();
  }
});

it('takes options of modelObjective, and the first batches of a dataset without end', async () => {
  const classWeight = [1, 3];
  const objective = await modelObjectiveFromDataset(model, batched(2, { endless: true }), {
    batches: 2,
    classWeight,
  });
  const four = [tf.slice(xs, 0, 4), tf.slice(ys, 0, 4)] as const;
  const same = modelObjective(model, { xs: four[0], ys: four[1] }, { classWeight });
  expect(relativeError(read(objective), read(same))).toBeLessThan(1e-6);
  objective.dispose();
  objective.dispose();
  tf.dispose([...four]);
  expect(() => new HessianOperator(objective)).toThrow(/modelObjectiveFromDataset: expected xs that live/);
});

it.each<[string, () => unknown, RegExp]>([
  ['does not end', () => modelObjectiveFromDataset(model, batched(2, { endless: true })), /\{ batches: n \}/],
  [
    'is too much',
    () => modelObjectiveFromDataset(model, batched(2), { memoryLimit: 40 }),
    /at most 40 bytes all together, received 64 in the first 2. Write \{ batches: n \} to take fewer/,
  ],
  [
    'holds single examples',
    () =>
      modelObjectiveFromDataset(
        model,
        batched(1, {
          make: (batch) => {
            const row = tf.reshape(batch, [2]);
            batch.dispose();
            return row;
          },
        }),
      ),
    /Write dataset.batch\(32\)/,
  ],
  ...[[1, 2], { a: [1, 2] }, new Float32Array(2), [[1], [2]]].map((x, i): [string, () => unknown, RegExp] => [
    `holds single examples of plain numbers, as tf.data.array gives them (${i})`,
    () =>
      modelObjectiveFromDataset(model, {
        iterator: () =>
          Promise.resolve({ next: () => Promise.resolve({ value: { xs: x, ys: [1, 0] }, done: false }) }),
      }),
    /Write dataset.batch\(32\)/,
  ]),
  [
    'has nothing',
    () => modelObjectiveFromDataset(model, { iterator: () => Promise.resolve({ next: nothing }) }),
    /a Dataset with at least one batch/,
  ],
  [
    'has elements of another kind',
    () =>
      modelObjectiveFromDataset(model, {
        iterator: () => Promise.resolve({ next: () => Promise.resolve({ value: { x: 1 }, done: false }) }),
      }),
    /elements \{xs, ys\}, as fitDataset takes them/,
  ],
  ...[1, 'one'].map((value): [string, () => unknown, RegExp] => [
    `has elements that are no objects (${value})`,
    () =>
      modelObjectiveFromDataset(model, {
        iterator: () => Promise.resolve({ next: () => Promise.resolve({ value, done: false }) }),
      } as never),
    /elements \{xs, ys\}, as fitDataset takes them, received (1|"one")/,
  ]),
  [
    'weighs its examples, which fitDataset does not',
    () =>
      modelObjectiveFromDataset(model, {
        iterator: () => {
          const value = { xs: tf.ones([2, 2]), ys: tf.ones([2, 1]), sampleWeight: tf.ones([2]) };
          return Promise.resolve({ next: () => Promise.resolve({ value, done: true }) });
        },
      }),
    /received \["xs","ys","sampleWeight"\]. fitDataset leaves sampleWeight out: write modelObjective/,
  ],
  [
    'is tensors',
    () => modelObjectiveFromDataset(model, { xs, ys } as never),
    /For tensors, write modelObjective\(model, \{ xs, ys \}\)/,
  ],
  [
    'says how large its batches are itself',
    () => modelObjectiveFromDataset(model, batched(2), { batchSize: 3 } as never),
    /options among loss, training, classWeight, batches, memoryLimit/,
  ],
])('refuses a dataset that %s, and leaves nothing', async (_, call, message) => {
  const error: unknown = await Promise.resolve(call()).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CurvatureArgumentError);
  expect((error as Error).message).toMatch(message);
});

function nothing(): Promise<{ value: null; done: boolean }> {
  return Promise.resolve({ value: null, done: true });
}

it('hands the states of a stateful layer on from batch to batch', async () => {
  const before = tf.memory().numTensors;
  const stateful = tfl.sequential({
    layers: [
      tfl.layers.simpleRNN({
        units: 2,
        batchInputShape: [2, 2, 1],
        stateful: true,
        kernelInitializer: seeded(1),
        recurrentInitializer: seeded(2),
      }),
      tfl.layers.dense({ units: 1, kernelInitializer: seeded(3) }),
    ],
  });
  const [x, y] = [normal([4, 2, 1], 4), normal([4, 1], 5)];
  const parts = [0, 2].map((begin) => ({ xs: tf.slice(x, begin, 2), ys: tf.slice(y, begin, 2) }));
  const loss = 'meanSquaredError';
  const objective = await modelObjectiveFromDataset(
    stateful,
    {
      iterator: () => {
        const next = () => Promise.resolve({ value: parts[0] ?? null, done: parts.shift() == null });
        return Promise.resolve({ next });
      },
    },
    { loss },
  );
  expect(relativeError(read(objective), read(modelObjective(stateful, { xs: x, ys: y }, { loss })))).toBe(0);
  objective.dispose();
  tf.dispose([x, y]);
  stateful.dispose();
  // tfjs leaves the state of a layer that is disposed, and the one it replaces when it is built.
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(2);
  tensors = tf.memory().numTensors;
});

it.each<[string, number[][], RegExp]>([
  ['a wrong size', [[3, 2]], /batches of 2 examples, for which the stateful model was built/],
  [
    'sequences of unequal length',
    [
      [2, 2],
      [2, 3],
    ],
    /batches of one shape/,
  ],
])('refuses batches of %s for a stateful model, and leaves nothing', async (_, sizes, message) => {
  const stateful = tfl.sequential({
    layers: [
      tfl.layers.simpleRNN({
        units: 2,
        batchInputShape: [2, null, 1],
        stateful: true,
        recurrentInitializer: seeded(2),
      }),
      tfl.layers.dense({ units: 1 }),
    ],
  });
  const before = tf.memory().numTensors;
  const parts = sizes.map(([n, steps]) => ({ xs: normal([n!, steps!, 1], 4), ys: normal([n!, 1], 5) }));
  const next = () => Promise.resolve({ value: parts[0] ?? null, done: parts.shift() == null });
  const reading = modelObjectiveFromDataset(
    stateful,
    { iterator: () => Promise.resolve({ next }) },
    { loss: 'meanSquaredError' },
  );
  await expect(reading).rejects.toThrow(CurvatureArgumentError);
  await expect(reading).rejects.toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
  stateful.dispose();
  // tfjs leaves the states of a layer that is disposed.
  tensors = tf.memory().numTensors;
});

it.each<[string, () => tf.Tensor | tf.Tensor[], string]>([
  ['one tensor', () => tf.ones([4, 2]), 'received tensor float32 [4,2]. '],
  [
    'pairs',
    () => [tf.ones([4, 2]), tf.ones([4, 2])],
    'received [tensor float32 [4,2],tensor float32 [4,2]]. ',
  ],
])('says of elements that are %s what they are and what to make of them', async (_, make, received) => {
  const next = () => Promise.resolve({ value: make(), done: false });
  const dataset = { size: 1, iterator: () => Promise.resolve({ next }) };
  await expect(modelObjectiveFromDataset(model, dataset)).rejects.toThrow(
    `${received}Write dataset.map(([x, y]) => ({ xs: x, ys: y }))`,
  );
});
