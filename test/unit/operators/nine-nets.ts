import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Objective } from '../../../src/index.js';
import { lossObjective, modelObjective } from '../../../src/index.js';

/** A loss of a kind of net that public projects train, with what has to be disposed of afterwards. */
export interface Net {
  readonly objective: Objective;
  readonly dispose: () => void;
}

const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

function oneHot(examples: number, classes: number): tf.Tensor {
  const labels = Array.from({ length: examples }, (_, i) => (i * i + i) % classes);
  return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'));
}

/** Initializers by layer, so that every net is the same at each run. */
function seeds(
  first: number,
): () => { kernelInitializer: ReturnType<typeof tfl.initializers.glorotUniform> } {
  let seed = first;
  return () => ({ kernelInitializer: tfl.initializers.glorotUniform({ seed: seed++ }) });
}

function ofModel(model: tfl.LayersModel, xs: tf.Tensor, ys: tf.Tensor, loss: string, training = false): Net {
  return {
    objective: modelObjective(model, { xs, ys }, { loss, training }),
    dispose: () => {
      model.dispose();
      tf.dispose([xs, ys]);
    },
  };
}

/** @param data what the loss reads, disposed of with the net */
function ofLoss(model: tfl.LayersModel, loss: () => tf.Scalar, data: readonly tf.Tensor[]): Net {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return {
    objective: lossObjective(loss, variables),
    dispose: () => {
      model.dispose();
      tf.dispose([...data]);
    },
  };
}

const { dense, conv2d, maxPooling2d, flatten } = tfl.layers;

/** Hidden units of ReLU between dense layers, and softmax on top. */
function mlp(): Net {
  const init = seeds(1);
  const model = tfl.sequential({
    layers: [
      dense({ units: 32, inputShape: [20], activation: 'relu', ...init() }),
      dense({ units: 16, activation: 'relu', ...init() }),
      dense({ units: 5, activation: 'softmax', ...init() }),
    ],
  });
  return ofModel(model, normal([64, 20], 7), oneHot(64, 5), 'categoricalCrossentropy');
}

/** Convolutions, ReLU and max pooling, as for MNIST. */
function convolution(): Net {
  const init = seeds(11);
  const model = tfl.sequential({
    layers: [
      conv2d({ filters: 4, kernelSize: 3, inputShape: [12, 12, 1], activation: 'relu', ...init() }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 6, kernelSize: 3, activation: 'relu', ...init() }),
      flatten(),
      dense({ units: 5, activation: 'softmax', ...init() }),
    ],
  });
  return ofModel(model, normal([16, 12, 12, 1], 17), oneHot(16, 5), 'categoricalCrossentropy');
}

/** A variational autoencoder: two heads, noise, reconstruction and divergence. */
function variational(): Net {
  const init = seeds(21);
  const x = tfl.input({ shape: [12] });
  const hidden = dense({ units: 10, activation: 'relu', ...init() }).apply(x) as tfl.SymbolicTensor;
  const heads = [1, 2].map(() => dense({ units: 3, ...init() }).apply(hidden) as tfl.SymbolicTensor);
  const encoder = tfl.model({ inputs: x, outputs: heads });
  const decoder = tfl.sequential({
    layers: [
      dense({ units: 10, inputShape: [3], activation: 'relu', ...init() }),
      dense({ units: 12, activation: 'sigmoid', ...init() }),
    ],
  });
  const [inputs, noise] = [tf.tidy(() => tf.sigmoid(normal([24, 12], 27))), normal([24, 3], 28)];
  const loss = (): tf.Scalar => {
    const [mean, logVariance] = encoder.apply(inputs) as [tf.Tensor, tf.Tensor];
    const z = tf.add(mean, tf.mul(noise, tf.exp(tf.mul(logVariance, 0.5))));
    const output = decoder.apply(z) as tf.Tensor;
    const reconstruction = tf.mean(tf.sum(tf.squaredDifference(inputs, output), -1));
    const inside = tf.sub(tf.sub(tf.add(1, logVariance), tf.square(mean)), tf.exp(logVariance));
    return tf.add(reconstruction, tf.mul(tf.mean(tf.sum(inside, -1)), -0.5));
  };
  const variables = [encoder, decoder].flatMap((model) =>
    model.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  return {
    objective: lossObjective(loss, variables),
    dispose: () => {
      encoder.dispose();
      decoder.dispose();
      tf.dispose([inputs, noise]);
    },
  };
}

/** A policy and a value on one body, with advantages and entropy. */
function actorCritic(): Net {
  const init = seeds(31);
  const x = tfl.input({ shape: [4] });
  const body = dense({ units: 24, activation: 'relu', ...init() }).apply(x);
  const policy = dense({ units: 3, activation: 'softmax', ...init() }).apply(body);
  const value = dense({ units: 1, ...init() }).apply(body);
  const model = tfl.model({ inputs: x, outputs: [policy, value] as tfl.SymbolicTensor[] });
  const [states, actions, returns] = [normal([40, 4], 37), oneHot(40, 3), normal([40, 1], 38)];
  const loss = (): tf.Scalar => {
    const [p, v] = model.apply(states) as [tf.Tensor, tf.Tensor];
    const advantage = tf.sub(returns, v);
    const logs = tf.log(tf.sum(tf.mul(p, actions), -1, true));
    const critic = tf.mean(tf.square(advantage));
    const entropy = tf.mean(tf.sum(tf.mul(p, tf.log(p)), -1));
    return tf.add(tf.sub(critic, tf.mean(tf.mul(logs, advantage))), tf.mul(entropy, 0.01));
  };
  return ofLoss(model, loss, [states, actions, returns]);
}

/** A discriminator of leaky ReLU on convolutions with strides. */
function discriminator(): Net {
  const init = seeds(41);
  const model = tfl.sequential({
    layers: [
      conv2d({ filters: 4, kernelSize: 3, strides: 2, inputShape: [10, 10, 1], ...init() }),
      tfl.layers.leakyReLU({ alpha: 0.2 }),
      flatten(),
      dense({ units: 1, activation: 'sigmoid', ...init() }),
    ],
  });
  const ys = tf.tidy(() => tf.reshape(tf.tensor1d(Array.from({ length: 20 }, (_, i) => i % 2)), [20, 1]));
  return ofModel(model, normal([20, 10, 10, 1], 47), ys, 'binaryCrossentropy');
}

/** A deep Q network: dense layers, and the Huber loss of chosen actions. */
function deepQ(): Net {
  const init = seeds(51);
  const model = tfl.sequential({
    layers: [
      dense({ units: 24, inputShape: [6], activation: 'relu', ...init() }),
      dense({ units: 24, activation: 'relu', ...init() }),
      dense({ units: 3, ...init() }),
    ],
  });
  const [states, actions, targets] = [normal([32, 6], 57), oneHot(32, 3), normal([32], 58)];
  const loss = (): tf.Scalar => {
    const chosen = tf.sum(tf.mul(model.apply(states) as tf.Tensor, actions), -1);
    return tf.losses.huberLoss(targets, chosen);
  };
  return ofLoss(model, loss, [states, actions, targets]);
}

/** Text: an embedding, an average, dense layers. */
function sentiment(): Net {
  const init = seeds(61);
  const model = tfl.sequential({
    layers: [
      tfl.layers.embedding({
        inputDim: 30,
        outputDim: 6,
        inputLength: 8,
        embeddingsInitializer: tfl.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed: 60 }),
      }),
      tfl.layers.globalAveragePooling1d({}),
      dense({ units: 12, activation: 'relu', ...init() }),
      dense({ units: 1, activation: 'sigmoid', ...init() }),
    ],
  });
  const xs = tf.tidy(() =>
    tf.reshape(tf.tensor1d(Array.from({ length: 160 }, (_, i) => (i * 7 + i * i) % 30)), [20, 8]),
  );
  const ys = tf.tidy(() => tf.reshape(tf.tensor1d(Array.from({ length: 20 }, (_, i) => i % 2)), [20, 1]));
  return ofModel(model, xs, ys, 'binaryCrossentropy');
}

/** A recurrent net, as for text and time series: smooth. */
function recurrent(): Net {
  const init = seeds(71);
  const model = tfl.sequential({
    layers: [
      tfl.layers.gru({
        units: 6,
        inputShape: [5, 3],
        recurrentInitializer: tfl.initializers.glorotUniform({ seed: 70 }),
        ...init(),
      }),
      dense({ units: 4, activation: 'softmax', ...init() }),
    ],
  });
  return ofModel(model, normal([16, 5, 3], 77), oneHot(16, 4), 'categoricalCrossentropy');
}

/** Batch normalisation by the statistics of the batch, between convolutions and ReLU. */
function normalised(): Net {
  const init = seeds(81);
  const model = tfl.sequential({
    layers: [
      conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 2], useBias: false, ...init() }),
      tfl.layers.batchNormalization({}),
      tfl.layers.activation({ activation: 'relu' }),
      tfl.layers.globalAveragePooling2d({}),
      dense({ units: 4, activation: 'softmax', ...init() }),
    ],
  });
  return ofModel(model, normal([16, 8, 8, 2], 87), oneHot(16, 4), 'categoricalCrossentropy', true);
}

/** The nine kinds by name. */
export const nets: Readonly<Record<string, () => Net>> = {
  MLP: mlp,
  'convolutions with max pooling': convolution,
  'variational autoencoder': variational,
  'actor and critic': actorCritic,
  discriminator,
  'deep Q network': deepQ,
  'embedding and average': sentiment,
  GRU: recurrent,
  'batch normalisation': normalised,
};
