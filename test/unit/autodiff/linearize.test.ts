import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  type SymbolicTensor,
  layers,
  model as functionalModel,
  regularizers,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { linearize } from '../../../src/autodiff/linearize.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { centralDifference } from './rules/op-check.js';

const pseudoRandom = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

const filled = (shape: number[], seed: number): Tensor =>
  tf.tensor(pseudoRandom(tf.util.sizeFromShape(shape), seed), shape);

function fill(model: LayersModel): void {
  model.weights.forEach((weight, i) => {
    const value = filled(weight.shape as number[], i);
    weight.write(value);
    value.dispose();
  });
}

const trainable = (model: LayersModel): Variable[] =>
  model.trainableWeights.map((weight) => weight.read() as Variable);

/** Hv of a loss and the central difference of our gradient, along one direction. */
function compare(
  loss: () => Scalar,
  variables: Variable[],
): { product: Float32Array; differences: number[] } {
  const n = variables.reduce((size, variable) => size + variable.size, 0);
  const direction = pseudoRandom(n, 99);
  const before = tf.memory().numTensors;
  const linearization = linearize(loss, variables);
  const v = tf.tensor1d(direction);
  const result = linearization.hvp(v);
  const product = result.dataSync() as Float32Array;
  linearization.dispose();
  tf.dispose([v, result]);
  expect(tf.memory().numTensors, 'tensors').toBe(before);
  const gradients = new Map(
    [0.02, -0.02, 0.04, -0.04].map((t) => [t, gradientAt(loss, variables, direction, t)]),
  );
  const differences = Array.from({ length: n }, (_, i) =>
    centralDifference((t) => gradients.get(t)![i]!, 0.02),
  );
  return { product, differences };
}

function gradientAt(
  loss: () => Scalar,
  variables: Variable[],
  direction: Float32Array,
  t: number,
): Float32Array {
  const before = variables.map((variable) => variable.clone());
  let offset = 0;
  for (const variable of variables) {
    const step = direction.slice(offset, offset + variable.size).map((value) => value * t);
    offset += variable.size;
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(step, variable.shape))));
  }
  const linearization = linearize(loss, variables);
  const gradient = linearization.gradient.dataSync() as Float32Array;
  linearization.dispose();
  variables.forEach((variable, i) => variable.assign(before[i]!));
  tf.dispose(before);
  return gradient;
}

function expectAgreement(loss: () => Scalar, variables: Variable[]): Float32Array {
  const { product, differences } = compare(loss, variables);
  expect(relativeError(product, differences)).toBeLessThan(2e-3);
  return product;
}

describe.each(['cpu', 'wasm'] as const)('models that are not a chain, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('several inputs and outputs with a shared and a frozen layer', () => {
    const [left, right] = [input({ shape: [3] }), input({ shape: [3] })];
    const shared = layers.dense({ units: 3, activation: 'tanh' });
    const frozen = layers.dense({ units: 2, activation: 'sigmoid', trainable: false });
    const joined = layers.concatenate().apply([shared.apply(left), shared.apply(right)] as SymbolicTensor[]);
    const outputs = [
      layers.dense({ units: 2 }).apply(frozen.apply(joined)),
      layers.dense({ units: 1, activation: 'softplus' }).apply(joined),
    ] as SymbolicTensor[];
    const model = functionalModel({ inputs: [left, right], outputs });
    fill(model);
    const batch = [filled([4, 3], 50), filled([4, 3], 51)];
    const loss = (): Scalar =>
      tf.tidy(() => {
        const [first, second] = model.apply(batch) as Tensor[];
        return tf.add(tf.mean(tf.square(first!)), tf.mean(tf.pow(second!, 3))) as Scalar;
      });
    const variables = trainable(model);
    expect(variables).toHaveLength(6);
    expectAgreement(loss, variables);
    tf.dispose(batch);
    model.dispose();
  });

  it('a variable that the loss does not reach, and one it reaches linearly, have zero rows', () => {
    const [a, b, c] = [filled([3], 1), filled([2], 2), filled([3], 3)];
    const [x, unreached, linear] = [tf.variable(a), tf.variable(b), tf.variable(c)];
    const loss = (): Scalar => tf.add(tf.sum(tf.exp(x)), tf.sum(linear)) as Scalar;
    const product = expectAgreement(loss, [x, unreached, linear]);
    expect(Array.from(product.slice(3))).toEqual([0, 0, 0, 0, 0]);
    tf.dispose([a, b, c, x, unreached, linear]);
  });

  it('an embedding whose zeros are masked, with regularisers', () => {
    const words = input({ shape: [4], dtype: 'int32' });
    const embedded = layers
      .embedding({
        inputDim: 5,
        outputDim: 2,
        maskZero: true,
        embeddingsRegularizer: regularizers.l2({ l2: 0.1 }),
      })
      .apply(words);
    const hidden = layers
      .lstm({ units: 2, recurrentInitializer: 'glorotUniform', recurrentActivation: 'sigmoid' })
      .apply(embedded);
    const output = layers
      .dense({ units: 1, kernelRegularizer: regularizers.l1l2({ l1: 0.01, l2: 0.1 }) })
      .apply(hidden) as SymbolicTensor;
    const model = functionalModel({ inputs: words, outputs: output });
    fill(model);
    const batch = tf.tensor2d([1, 2, 0, 0, 4, 4, 3, 0], [2, 4], 'int32');
    const loss = (): Scalar =>
      tf.tidy(() =>
        (model as unknown as { calculateLosses(): Scalar[] })
          .calculateLosses()
          .reduce(
            (total, term) => tf.add(total, term),
            tf.mean(tf.square(model.apply(batch) as Tensor)) as Scalar,
          ),
      );
    expectAgreement(loss, trainable(model));
    batch.dispose();
    model.dispose();
  });

  it('a gradient penalty on a model', () => {
    const x = input({ shape: [3] });
    const hidden = layers.dense({ units: 3, activation: 'tanh' }).apply(x);
    const model = functionalModel({
      inputs: x,
      outputs: layers.dense({ units: 1 }).apply(hidden) as SymbolicTensor,
    });
    fill(model);
    const batch = filled([2, 3], 60);
    const loss = (): Scalar =>
      tf.tidy(() => {
        const slope = tf.grad((z: Tensor) => tf.sum(model.apply(z) as Tensor))(batch);
        return tf.mean(tf.square(tf.sub(tf.norm(slope, 'euclidean', 1), 1))) as Scalar;
      });
    expectAgreement(loss, trainable(model));
    batch.dispose();
    model.dispose();
  });
});
