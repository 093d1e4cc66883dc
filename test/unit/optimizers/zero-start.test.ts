import * as tf from '@tensorflow/tfjs-core';
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  lanczos,
  lossObjective,
  HessianOperator,
  materialize,
  modelObjective,
  NSGD,
} from '../../../src/index.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

/*
 * Training begins where kinks are: zero weights make every logit 0, and blank inputs with zero biases do so too. The loss,
 * relu(z) − zt + log(1 + e⁻|z|), is smooth there.
 */

const inputs = [
  [1, 0.5],
  [0, 0],
  [-1, 2],
  [0, 0],
];
const targets = [[1], [0], [1], [1]];

/** [x, 1] of an example: by what its logit moves with weights and bias. */
const features = inputs.map((x) => [...x, 1]);

function logisticRegression(): Sequential {
  const unit = layers.dense({
    units: 1,
    activation: 'sigmoid',
    kernelInitializer: 'zeros',
    inputShape: [inputs[0]!.length],
  });
  return sequential({ layers: [unit] });
}

/** The rows of an operator's matrix. */
async function rowsOf(operator: HessianOperator): Promise<number[][]> {
  const matrix = await materialize(operator);
  const rows = (await matrix.array()) as number[][];
  matrix.dispose();
  return rows;
}

describe.each(['cpu', 'wasm'] as const)('training from zero, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('logistic regression has the Hessian XᵀX/4N', async () => {
    const model = logisticRegression();
    model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    const [xs, ys] = [tf.tensor2d(inputs), tf.tensor2d(targets)];
    const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
    const wanted = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => features.reduce((sum, x) => sum + (x[i]! * x[j]!) / (4 * features.length), 0)),
    );
    expect(relativeError((await rowsOf(hessian)).flat(), wanted.flat())).toBeLessThan(1e-5);
    hessian.dispose();
    tf.dispose([xs, ys]);
    model.dispose();
  });

  it('a net of relus with blank inputs has the sharpness of its loss written with softplus', async () => {
    const starts = [
      tf.tensor2d([
        [0.5, -1, 0.3],
        [1, 0.4, -0.6],
      ]),
      tf.zeros([3]),
      tf.tensor2d([[1], [-0.5], [0.8]]),
      tf.zeros([1]),
    ];
    const variables = starts.map((start) => tf.variable(start as tf.Tensor));
    const [xs, ys] = [tf.tensor2d(inputs), tf.tensor2d(targets)];
    const logits = (): tf.Tensor => {
      const [w1, b1, w2, b2] = variables as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
      const hidden = tf.relu(tf.add(tf.matMul(xs, w1 as tf.Tensor2D), b1));
      return tf.add(tf.matMul(hidden as tf.Tensor2D, w2 as tf.Tensor2D), b2);
    };
    const byParts = new HessianOperator(
      lossObjective(() => tf.losses.sigmoidCrossEntropy(ys, logits()) as tf.Scalar, variables),
    );
    const smooth = new HessianOperator(
      lossObjective(() => {
        const z = logits();
        return tf.mean(tf.sub(tf.softplus(z), tf.mul(z, ys))) as tf.Scalar;
      }, variables),
    );
    expect(relativeError((await rowsOf(byParts)).flat(), (await rowsOf(smooth)).flat())).toBeLessThan(1e-5);
    const [found, wanted] = [await lanczos(byParts, { k: 1 }), await lanczos(smooth, { k: 1 })];
    expect(relativeError(Array.from(found.eigenvalues), Array.from(wanted.eigenvalues))).toBeLessThan(1e-5);
    found.dispose();
    wanted.dispose();
    byParts.dispose();
    smooth.dispose();
    tf.dispose([...starts, ...variables, xs, ys]);
  });

  it('NSGD knows the curvature of the first step: a single weight moves by γ times the gradient', () => {
    const weight = tf.variable(tf.zeros([1]));
    const labels = tf.tensor1d([1, 1, 1, 0]);
    const loss = (): tf.Scalar =>
      tf.losses.sigmoidCrossEntropy(labels, tf.mul(weight, tf.ones([4]))) as tf.Scalar;
    const optimizer = new NSGD({ learningRate: 2, gamma: 0.1, k: 1, refreshEvery: 1 });
    optimizer.minimize(loss, false, [weight]);
    // g = ½ − ¾, and the only direction there is has the curvature ¼.
    expect(weight.dataSync()[0]).toBeCloseTo(0.1 * 2 * 0.25, 6);
    optimizer.dispose();
    tf.dispose([weight, labels]);
  });

  it('NSGD with γ = 1 goes the way of SGD', async () => {
    const train = async (optimizer: tf.Optimizer): Promise<number[]> => {
      const model = logisticRegression();
      model.compile({ optimizer, loss: 'binaryCrossentropy' });
      const [xs, ys] = [tf.tensor2d(inputs), tf.tensor2d(targets)];
      await model.fit(xs, ys, { epochs: 20, batchSize: 2, shuffle: false, verbose: 0 });
      const weights = model.getWeights().flatMap((weight) => Array.from(weight.dataSync()));
      tf.dispose([xs, ys]);
      model.dispose();
      optimizer.dispose();
      return weights;
    };
    const nudged = await train(new NSGD({ learningRate: 0.3, gamma: 1, k: 1, refreshEvery: 2 }));
    const plain = await train(tf.train.sgd(0.3));
    expect(relativeError(nudged, plain)).toBeLessThan(1e-5);
  });
});
