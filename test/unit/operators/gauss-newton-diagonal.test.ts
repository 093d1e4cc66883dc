import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { materialize } from '../../../src/operators/materialize.js';
import { linearRegression, logisticRegression, softmaxRegression, variableOf } from '../../closed-form.js';
import { loadGolden, relativeError } from '../../golden-case.js';
import { goldenFiles } from '../../golden-files.js';
import { useBackend } from '../../wasm-backend.js';
import { dense, normal, oneHotTargets } from './kfac-case.js';

// Some sweeps in float32, and sums over a handful of examples.
const rounding = 5e-6;

/** The diagonal, from the matrix and by itself. */
async function expectDiagonal(objective: Objective): Promise<void> {
  const operator = new GaussNewtonOperator(objective);
  const matrix = await materialize(operator);
  const expected = (await matrix.array()).map((row, i) => row[i]!);
  matrix.dispose();
  operator.dispose();
  expect(Math.max(...expected)).toBeGreaterThan(0);
  expect(relativeError(valuesOf(objective), expected)).toBeLessThan(rounding);
}

function valuesOf(objective: Objective): number[] {
  return tf.tidy(() => Array.from(gaussNewtonDiagonal(objective).dataSync()));
}

const inputs = [
  [1, 0.5, -1],
  [0.25, -2, 1],
  [-1, 1, 0.5],
  [2, 0, 1],
];

describe.each(['cpu', 'wasm'] as const)('gaussNewtonDiagonal on %s', (backend) => {
  beforeEach(() => useBackend(backend));

  it.each([
    ['linear', () => linearRegression(inputs, [1, -2, 0.5, 3], [0.3, -0.2, 0.7])],
    ['logistic', () => logisticRegression(inputs, [1, 0, 1, 1], [0.3, -0.2, 0.7])],
    [
      'softmax',
      () => softmaxRegression(inputs, [2, 0, 1, 1], [0.3, -0.2, 0.7, 0.1, 0.5, -0.4, -0.6, 0.2, 0.9]),
    ],
  ] as const)('is that of the Hessian of a %s regression, in closed form', (_, make) => {
    const { split, variable, hessian, dispose } = make();
    const { numTensors } = tf.memory();
    const expected = hessian.map((row, i) => row[i]!);
    expect(relativeError(valuesOf(lossObjective(split, [variable])), expected)).toBeLessThan(rounding);
    expect(tf.memory().numTensors).toBe(numTensors);
    dispose();
  });

  const golden = [
    ...['activations/prelu', 'convolution/conv1d', 'convolution/conv2d_maxPool2d', 'convolution/conv3d'],
    ...['convolution/conv2dTranspose_stride2', 'convolution/depthwiseConv2d_multiplier2'],
    ...['normalisation/layerNorm', 'normalisation/batchNorm_conv_inference', 'recurrent/gru'],
    ...['recurrent/stacked_timeDistributed', 'structure/embedding_flatten', 'structure/frozen_layer'],
    ...['structure/shared_layer_twice', 'structure/attention'],
  ];
  it.each(golden)('is that of the matrix: %s', async (name) => {
    const file = goldenFiles().find((one) => one.name === name)!;
    const { model, x, y, dispose } = await loadGolden(file);
    const { numTensors } = tf.memory();
    await expectDiagonal(modelObjective(model, { xs: x, ys: y }, { loss: file.loss, batchSize: 2 }));
    expect(tf.memory().numTensors).toBe(numTensors);
    dispose();
  });
});

describe('gaussNewtonDiagonal', () => {
  let tensors: number;
  beforeEach(async () => {
    await useBackend('cpu');
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  it('squares the gradient of an example, not those of its positions, and weighs examples and classes', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.conv1d({ filters: 3, kernelSize: 2, activation: 'tanh', inputShape: [5, 2] }),
        tfl.layers.globalAveragePooling1d({}),
        dense(3, 'softmax', 5),
      ],
    });
    const xs = normal([5, 5, 2], 1);
    const ys = oneHotTargets(5, 3);
    const sampleWeight = tf.tensor1d([1, 0, 3, 0.5, 2]);
    const options = { loss: 'categoricalCrossentropy', batchSize: 2, classWeight: [1, 4, 0.5] };
    await expectDiagonal(modelObjective(model, { xs, ys, sampleWeight }, options));
    tf.dispose([xs, ys, sampleWeight]);
    model.dispose();
  });

  it('has what a loss has of a likelihood: factors, sums, masks, and targets that do not sum to 1', async () => {
    const [xs, w] = [tf.tensor2d(inputs), variableOf([0.3, -0.2, 0.7, 0.1, 0.5, -0.4])];
    const targets = [
      [0.5, 0],
      [0, 0],
      [1, 1],
      [0.25, 0.75],
    ];
    const ys = tf.tensor2d(targets);
    const z = inputs.map((x) =>
      [0, 1].map((c) =>
        x.reduce((sum, value, i) => sum + value * [0.3, -0.2, 0.7, 0.1, 0.5, -0.4][2 * i + c]!, 0),
      ),
    );
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    const masks = tf.tensor2d([1, 0, 2, 1, 0, 0, 1, 3], [4, 2]);
    // d_ic of Σ_e x_ei² d_ec, in closed form.
    const cases = [
      {
        likelihood: 'gaussian',
        loss: (out: Tensor) => tf.div(tf.sum(tf.square(tf.sub(ys, out))), 8),
        curvature: () => 1 / 4,
      },
      {
        likelihood: 'bernoulli',
        loss: (out: Tensor) => tf.mean(tf.mul(masks, tf.sub(tf.softplus(out), tf.mul(ys, out)))),
        curvature: (e: number, c: number) => {
          const p = sigmoid(z[e]![c]!);
          return ([1, 0, 2, 1, 0, 0, 1, 3][2 * e + c]! * p * (1 - p)) / 8;
        },
      },
      {
        likelihood: 'categorical',
        loss: (out: Tensor) => tf.mean(tf.neg(tf.sum(tf.mul(ys, tf.logSoftmax(out)), 1))),
        curvature: (e: number) => {
          const p = sigmoid(z[e]![0]! - z[e]![1]!);
          return ((targets[e]![0]! + targets[e]![1]!) * p * (1 - p)) / 4;
        },
      },
    ] as const;
    for (const { likelihood, loss, curvature } of cases) {
      const objective = lossObjective(
        { outputs: () => tf.matMul(xs, tf.reshape(w, [3, 2])), loss, likelihood },
        [w],
      );
      const expected = [0, 1, 2].flatMap((i) =>
        [0, 1].map((c) => inputs.reduce((sum, x, e) => sum + x[i]! ** 2 * curvature(e, c), 0)),
      );
      expect(relativeError(valuesOf(objective), expected)).toBeLessThan(rounding);
      const sampled = new FisherOperator(objective, { type: 'monteCarlo', samples: 4000, seed: 3 });
      const matrix = await materialize(sampled);
      const diagonal = (await matrix.array()).map((row, i) => row[i]!);
      // The standard error of 4000 draws is 2 %.
      expect(relativeError(diagonal, expected)).toBeLessThan(0.1);
      for (const held of [sampled, matrix]) held.dispose();
    }
    for (const held of [xs, w, ys, masks]) held.dispose();
  });

  it('sums over several outputs of several kinds', async () => {
    const input = tfl.input({ shape: [3] });
    const hidden = dense(4, 'tanh', 1).apply(input);
    const outputs = [dense(2, 'softmax', 2), dense(3, 'sigmoid', 3), dense(2, 'linear', 4)].map((layer) =>
      layer.apply(hidden),
    ) as tfl.SymbolicTensor[];
    const model = tfl.model({ inputs: input, outputs });
    const xs = tf.tensor2d(inputs);
    const ys = [oneHotTargets(4, 2), tf.tidy(() => tf.round(tf.abs(normal([4, 3], 1)))), normal([4, 2], 2)];
    const loss = ['categoricalCrossentropy', 'binaryCrossentropy', 'meanSquaredError'];
    await expectDiagonal(modelObjective(model, { xs, ys }, { loss, batchSize: 3 }));
    tf.dispose([xs, ys]);
    model.dispose();
  });

  it('is zero where nothing depends on a weight, and follows the values of the others', () => {
    const [w, unused] = [variableOf([2, 3]), variableOf([1])];
    const objective = lossObjective(
      {
        outputs: (): Tensor => tf.reshape(tf.mul(w, w), [2, 1]),
        loss: (z: Tensor) => tf.mean(tf.square(z)),
        likelihood: 'gaussian',
      },
      [w, unused],
    );
    // z = w², J = diag(2w), ∇²ℓ = I: 4w²
    expect(relativeError(valuesOf(objective), [16, 36, 0])).toBeLessThan(rounding);
    const next = tf.tensor1d([1, -1]);
    w.assign(next);
    expect(relativeError(valuesOf(objective), [4, 4, 0])).toBeLessThan(rounding);
    tf.dispose([w, unused, next]);
  });

  it('names what it cannot do', () => {
    const w = variableOf([1, 2]);
    const refusal = (objective: unknown): string => {
      try {
        gaussNewtonDiagonal(objective as Objective);
      } catch (error) {
        expect(error).toBeInstanceOf(CurvatureArgumentError);
        return (error as Error).message;
      }
      return 'nothing';
    };
    expect(refusal(null)).toMatch(/^gaussNewtonDiagonal: expected an objective/);
    const bare = lossObjective(() => tf.sum(tf.square(w)), [w]);
    expect(refusal(bare)).toMatch(/^gaussNewtonDiagonal: .*lossObjective\(\{outputs, loss\}/);
    const outputs = (): Tensor => tf.reshape(w, [2, 1]);
    const unknown = lossObjective({ outputs, loss: (z) => tf.mean(tf.abs(z)) }, [w]);
    expect(refusal(unknown)).toMatch(/^gaussNewtonDiagonal: .*negative log-likelihood/);
    const sampleWeight = tf.tensor1d([1, -1]);
    const loss = (z: Tensor): Tensor => tf.mean(tf.mul(tf.square(z), tf.reshape(sampleWeight, [2, 1])));
    const negative = lossObjective({ outputs, loss, sampleWeight, likelihood: 'gaussian' }, [w]);
    expect(refusal(negative)).toMatch(/^gaussNewtonDiagonal: .*weights >= 0/);
    tf.dispose([w, sampleWeight]);
  });
});
