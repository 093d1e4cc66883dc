import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CurvatureArgumentError,
  HessianOperator,
  modelObjective,
  modelObjectiveFromDataset,
} from '../../../src/index.js';

const loss = 'sparseCategoricalCrossentropy';

let model: tfl.Sequential;
let before: number;

beforeEach(() => {
  before = tf.memory().numTensors;
  model = tfl.sequential({
    layers: [tfl.layers.dense({ units: 3, inputShape: [2], activation: 'softmax' })],
  });
});

afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

/** TensorFlow.js has a loss of 0 for the examples of classes that are not there. */
describe('class numbers that an output has no class for', () => {
  it.each([
    ['counted from 1', [1, 2, 3], 3],
    ['below 0', [0, -1, 2], -1],
    ['between two classes', [0, 1.5, 2], 1.5],
    ['that are no number', [0, NaN, 2], NaN],
  ])('are refused: those %s', (_, classes, named) => {
    for (const ys of [tf.tensor1d(classes), tf.tensor2d(classes, [3, 1])]) {
      const data = { xs: tf.ones([3, 2]), ys };
      const build = () => modelObjective(model, data, { loss });
      expect(build).toThrow(CurvatureArgumentError);
      expect(build).toThrow(`expected class numbers from 0 to 2 as ys, received ${named}`);
      tf.dispose(data);
    }
  });

  it('are refused in whichever batch of a dataset they are, and leave nothing behind', async () => {
    const batches = [[0, 2], [1], [3, 0]].map((classes) => ({
      xs: tf.ones([classes.length, 2]),
      ys: tf.tensor1d(classes),
    }));
    const dataset = {
      size: 3,
      iterator: async () => ({ next: async () => ({ value: batches.shift(), done: batches.length === 0 }) }),
    };
    await expect(modelObjectiveFromDataset(model, dataset, { loss })).rejects.toThrow(
      /from 0 to 2 .* received 3$/,
    );
  });

  it('are refused in sequences', () => {
    const words = tfl.sequential({
      layers: [tfl.layers.dense({ units: 4, inputShape: [2, 3], activation: 'softmax' })],
    });
    const xs = tf.ones([2, 2, 3]);
    for (const ys of [
      tf.tensor2d([
        [0, 3],
        [1, 4],
      ]),
      tf.tensor3d([
        [[0], [3]],
        [[1], [4]],
      ]),
    ]) {
      expect(() => modelObjective(words, { xs, ys }, { loss })).toThrow(/from 0 to 3 .* received 4$/);
      ys.dispose();
    }
    xs.dispose();
    words.dispose();
  });

  it('are no matter for another loss: numbers may be anything there', () => {
    const data = {
      xs: tf.ones([2, 2]),
      ys: tf.tensor2d([
        [5, -1, 0.5],
        [0, 0, 9],
      ]),
    };
    const hessian = new HessianOperator(modelObjective(model, data, { loss: 'meanSquaredError' }));
    hessian.dispose();
    tf.dispose(data);
  });
});
