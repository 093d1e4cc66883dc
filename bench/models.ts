import * as tf from '@tensorflow/tfjs-core';
import {
  layers,
  sequential,
  model,
  input,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';

/** A loss of four models, its trainable variables, and the FLOP of one gradient by arithmetic. */
export interface BenchModel {
  readonly name: 'M1' | 'M2' | 'M3' | 'M4';
  readonly title: string;
  readonly forward: () => tf.Tensor;
  readonly loss: () => tf.Scalar;
  readonly variables: tf.Variable[];
  /** Multiply–adds of products and convolutions in one gradient, in GFLOP. */
  readonly gradientGflop: number;
}

export const BATCH = 128;

function benchModel(
  name: BenchModel['name'],
  title: string,
  net: LayersModel,
  inputShape: number[],
  gradientGflop: number,
): BenchModel {
  const xs = tf.randomNormal([BATCH, ...inputShape], 0, 1, 'float32', 1);
  const labels = tf.tensor1d(
    Array.from({ length: BATCH }, (_, i) => i % 10),
    'int32',
  );
  const ys = tf.cast(tf.oneHot(labels, 10), 'float32');
  const forward = () => net.apply(xs, { training: true }) as tf.Tensor;
  return {
    name,
    title,
    forward,
    loss: () => tf.losses.softmaxCrossEntropy(ys, forward()) as tf.Scalar,
    variables: net.trainableWeights.map((weight) => weight.read() as tf.Variable),
    gradientGflop,
  };
}

export function createModels(): BenchModel[] {
  return [mlp(), simpleCnn(), resNet8(), lstm()];
}

function mlp(): BenchModel {
  const net = sequential();
  net.add(layers.dense({ units: 256, activation: 'relu', inputShape: [784] }));
  net.add(layers.dense({ units: 128, activation: 'relu' }));
  net.add(layers.dense({ units: 10 }));
  return benchModel('M1', 'MLP 784-256-128-10', net, [784], 0.129);
}

function simpleCnn(): BenchModel {
  const net = sequential();
  const conv = (filters: number, padding: 'same' | 'valid', inputShape?: number[]) =>
    net.add(layers.conv2d({ filters, kernelSize: 3, padding, activation: 'relu', inputShape }));
  conv(32, 'same', [32, 32, 3]);
  conv(32, 'valid');
  net.add(layers.maxPooling2d({ poolSize: 2 }));
  conv(64, 'same');
  conv(64, 'valid');
  net.add(layers.maxPooling2d({ poolSize: 2 }));
  net.add(layers.flatten());
  net.add(layers.dense({ units: 128, activation: 'relu' }));
  net.add(layers.dense({ units: 10 }));
  return benchModel('M2', 'SimpleCNN on 32×32×3', net, [32, 32, 3], 15.0);
}

function resNet8(): BenchModel {
  const conv = (x: SymbolicTensor, filters: number, kernelSize: number, strides: number) =>
    layers.conv2d({ filters, kernelSize, strides, padding: 'same' }).apply(x) as SymbolicTensor;
  const relu = (x: SymbolicTensor) => layers.activation({ activation: 'relu' }).apply(x) as SymbolicTensor;
  const block = (x: SymbolicTensor, filters: number, strides: number) => {
    const y = conv(relu(conv(x, filters, 3, strides)), filters, 3, 1);
    const shortcut = strides === 1 ? x : conv(x, filters, 1, strides);
    return relu(layers.add().apply([y, shortcut]) as SymbolicTensor);
  };
  const image = input({ shape: [32, 32, 3] });
  let x = relu(conv(image, 16, 3, 1));
  x = block(x, 16, 1);
  x = block(x, 32, 2);
  x = block(x, 64, 2);
  const pooled = layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(x) as SymbolicTensor;
  const logits = layers.dense({ units: 10 }).apply(pooled) as SymbolicTensor;
  return benchModel(
    'M3',
    'ResNet-8 without batch norm',
    model({ inputs: image, outputs: logits }),
    [32, 32, 3],
    9.5,
  );
}

function lstm(): BenchModel {
  const net = sequential();
  net.add(
    layers.lstm({
      units: 64,
      inputShape: [20, 32],
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'glorotUniform',
    }),
  );
  net.add(layers.dense({ units: 10 }));
  return benchModel('M4', 'LSTM(64) × 20 steps', net, [20, 32], 0.34);
}
