import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  CurvatureArgumentError,
  HessianOperator,
  modelObjective,
  modelObjectiveFromDataset,
} from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

/** The cpu backend under the name of WebGPU, where nothing may be read at once. */
beforeAll(async () => {
  await useBackend('cpu');
  tf.copyRegisteredKernels('cpu', 'webgpu');
  tf.registerBackend('webgpu', tf.findBackendFactory('cpu') as () => tf.KernelBackend);
  await tf.setBackend('webgpu');
});

afterAll(async () => {
  await tf.setBackend('cpu');
  tf.removeBackend('webgpu');
});

const classifier = (): tfl.Sequential =>
  tfl.sequential({
    layers: [tfl.layers.dense({ units: 3, inputShape: [2], activation: 'softmax' })],
  });

/** Rows of the unit matrix, as numbers. */
const oneHot = (classes: number[]): tf.Tensor2D =>
  tf.tensor2d(classes.map((one) => [0, 1, 2].map((i) => Number(i === one))));

it.each<[string, Record<number, number>]>([
  ['between others', { 0: 1, 2: 2 }],
  ['beyond the end', { 0: 1 }],
])(
  'a class without a weight %s is NaN until the classes have been read, then an error',
  async (_, classWeight) => {
    const before = tf.memory().numTensors;
    const model = classifier();
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const [xs, ys] = [tf.ones([3, 2]), oneHot([0, 1, 0])];
    const objective = modelObjective(model, { xs, ys }, { classWeight });
    const hessian = new HessianOperator(objective);
    const loss = hessian.lossTensor();
    expect((await loss.data())[0]).toBeNaN();
    hessian.dispose();
    await tf.nextFrame();
    expect(() => new HessianOperator(objective)).toThrow(CurvatureArgumentError);
    expect(() => new HessianOperator(objective)).toThrow(/every class in ys, received none for class 1/);
    tf.dispose([xs, ys, loss]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);

it('a class number without a class is an error once it has been read', async () => {
  const before = tf.memory().numTensors;
  const model = classifier();
  const data = { xs: tf.ones([3, 2]), ys: tf.tensor1d([1, 2, 3]) };
  const objective = modelObjective(model, data, { loss: 'sparseCategoricalCrossentropy' });
  await tf.nextFrame();
  expect(() => new HessianOperator(objective)).toThrow(/class numbers from 0 to 2 .* received 3$/);
  tf.dispose(data);
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('a class without a weight is an error after the read in whichever batch of a dataset it is', async () => {
  const before = tf.memory().numTensors;
  const model = classifier();
  const batches = [
    [0, 2],
    [2, 0],
    [0, 1, 2],
  ].map((classes) => ({
    xs: tf.ones([classes.length, 2]),
    ys: oneHot(classes),
  }));
  const dataset = {
    size: 3,
    iterator: async () => ({ next: async () => ({ value: batches.shift(), done: batches.length === 0 }) }),
  };
  const objective = await modelObjectiveFromDataset(model, dataset, {
    loss: 'categoricalCrossentropy',
    classWeight: { 0: 1, 2: 2 },
  });
  await tf.nextFrame();
  expect(() => new HessianOperator(objective)).toThrow(/every class in ys, received none for class 1/);
  objective.dispose();
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
