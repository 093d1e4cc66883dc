import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gradientAlignment } from '../../../src/analysis/alignment.js';
import { lossCrossSection } from '../../../src/analysis/cross-section.js';
import { distanceTravelled } from '../../../src/analysis/distance-travelled.js';
import { escapeAblation } from '../../../src/analysis/escape.js';
import { noiseGrid } from '../../../src/analysis/noise-grid.js';
import { stepDecomposition } from '../../../src/analysis/step-decomposition.js';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { useBackend } from '../../wasm-backend.js';
import type { NoisyQuadratic } from './noisy-quadratic.js';
import { fourDimensional, noisyQuadratic } from './noisy-quadratic.js';

let form: NoisyQuadratic;
let other: NoisyQuadratic;
let tensors: number;

beforeEach(async () => {
  await useBackend('cpu');
  form = noisyQuadratic(fourDimensional);
  other = noisyQuadratic({ eigenvalues: [1, 1], noise: [[0, 0]], at: [1, 1] });
  tensors = tf.memory().numTensors;
});

afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  form.dispose();
  other.dispose();
});

const cases: [string, () => Promise<unknown>, RegExp][] = [
  [
    'no target',
    () => stepDecomposition(undefined as never, { learningRate: 1 }),
    /stepDecomposition: expected a target \{model, data\} or an objective, received undefined/,
  ],
  [
    'no learning rate',
    () => stepDecomposition(form.objective, {} as never),
    /stepDecomposition: expected a number learningRate > 0, received undefined/,
  ],
  [
    'k beyond the eigenpairs',
    () => stepDecomposition(form.objective, { learningRate: 1, eigenpairs: form.eigenpairs, k: 5 }),
    /k from 1 to the 4 eigenpairs given, received 5/,
  ],
  [
    'k beyond the eigenpairs',
    () =>
      escapeAblation(form.objective, {
        learningRate: 1,
        steps: 1,
        eigenpairs: other.eigenpairs,
        k: 1,
      }),
    /escapeAblation: expected eigenpairs of the 4 parameters of the target, received tensor float32 \[2,2\]/,
  ],
  [
    'eigenpairs of another model',
    () => gradientAlignment(form.objective, { eigenpairs: other.eigenpairs }),
    /gradientAlignment: expected eigenpairs of the 4 parameters of the target, received tensor float32 \[2,2\]/,
  ],
  [
    'a batch size for an objective',
    () => gradientAlignment(form.objective, { eigenpairs: form.eigenpairs, batchSize: 8 }),
    /no batchSize with an objective, whose terms are the minibatches, received 8/,
  ],
  [
    'no minibatches',
    () => gradientAlignment(form.objective, { eigenpairs: form.eigenpairs, minibatches: 0 }),
    /an integer minibatches >= 1, received 0/,
  ],
  [
    'neither learning rate nor scale',
    () => lossCrossSection(form.objective, {}),
    /either learningRate or scale/,
  ],
  [
    'a threshold below 1',
    () => lossCrossSection(form.objective, { scale: 1, thresholds: [0.5] }),
    /thresholds, a list of numbers > 1, received \[0.5\]/,
  ],
  [
    'a negative distance',
    () => lossCrossSection(form.objective, { scale: 1, distances: [-1] }),
    /distances, a list of numbers >= 0, received \[-1\]/,
  ],
  [
    'an unknown variant',
    () => escapeAblation(form.objective, { learningRate: 1, variants: ['sideways' as never] }),
    /variant 'normal', .*, received "sideways"/,
  ],
  [
    'a factor for a variant without',
    () => escapeAblation(form.objective, { learningRate: 1, variants: [{ variant: 'onlyTop', factor: 2 }] }),
    /no factor for onlyTop, received 2/,
  ],
  [
    'a chance above 1',
    () => escapeAblation(form.objective, { learningRate: 1, variants: [{ variant: 'allDrop', factor: 2 }] }),
    /a number factor >= 0 and <= 1, received 2/,
  ],
  [
    'a grid of an objective',
    () => noiseGrid(form.objective as never, { learningRates: [1], batchSizes: [1], steps: 1 }),
    /noiseGrid: expected a target \{model, data\}/,
  ],
  [
    'nothing to travel',
    () => Promise.resolve().then(() => distanceTravelled(3 as never)),
    /a model or a list of variables, received 3/,
  ],
];

it.each(cases)('%s', async (_, call, message) => {
  const error: unknown = await call().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CurvatureArgumentError);
  expect((error as Error).message).toMatch(message);
});

it('labels of other classes than the model has, and more examples in a batch than there are', async () => {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 3, inputShape: [2] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [xs, ys, fours] = [tf.zeros([6, 2]), tf.zeros([6, 3]), tf.zeros([6, 4])];
  await expect(gradientAlignment({ model, data: { xs, ys: fours } })).rejects.toThrow(
    /expected ys of shape \[…,3\], received tensor float32 \[6,4\]/,
  );
  await expect(gradientAlignment({ model, data: { xs, ys } }, { batchSize: 7 })).rejects.toThrow(
    /gradientAlignment: expected an integer batchSize from 1 to 6, received 7/,
  );
  model.dispose();
  tf.dispose([xs, ys, fours]);
});
