import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeEach, expect, it } from 'vitest';
import { escapeAblation } from '../../../src/analysis/escape.js';
import { useBackend } from '../../wasm-backend.js';

beforeEach(() => useBackend('cpu'));

/** Two sequences of three positions, each of the class whose input is larger. */
const inputs = [1, 0, 0, 1, 2, 0, 0, 3, 1, 0, 0, 1];
const classes = [0, 1, 0, 1, 0, 1];
/** Two of the six are wrong. */
const labels = [0, 1, 1, 1, 1, 1];

it.each(['categoricalCrossentropy', 'sparseCategoricalCrossentropy'])(
  'accuracy counts every position of a sequence: %s',
  async (loss) => {
    expect(classes.filter((c, i) => c === labels[i])).toHaveLength(4);
    const model = sequential({
      layers: [layers.dense({ units: 2, activation: 'softmax', inputShape: [3, 2] })],
    });
    model.compile({ optimizer: 'sgd', loss });
    tf.tidy(() => model.setWeights([tf.eye(2), tf.zeros([2])]));
    const xs = tf.tensor3d(inputs, [2, 3, 2]);
    const ys = tf.tidy(() =>
      loss.startsWith('sparse')
        ? tf.tensor3d(labels, [2, 3, 1])
        : tf.reshape(tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 2), 'float32'), [2, 3, 2]),
    );
    const before = tf.memory().numTensors;
    const { runs } = await escapeAblation(
      { model, data: { xs, ys } },
      { learningRate: 1e-6, steps: 1, batchSize: 2, k: 1, variants: ['normal'] },
    );
    expect(runs[0]!.records.length).toBeGreaterThan(0);
    for (const { accuracy } of runs[0]!.records) expect(accuracy).toBeCloseTo(4 / 6, 6);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
    tf.dispose([xs, ys]);
  },
);
