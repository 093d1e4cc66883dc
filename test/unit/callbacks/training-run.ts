import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { SeededRandom } from '../../../src/random.js';

/** Sixteen examples of a regression; the caller disposes them. */
export function makeData(): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  return {
    xs: tf.randomNormal([16, 4], 0, 1, 'float32', 1),
    ys: tf.randomNormal([16, 2], 0, 1, 'float32', 2),
  };
}

/** A network with dropout and batch normalisation, the same at every call. */
export function makeModel(optimizer: tf.Optimizer): LayersModel {
  const init = (seed: number) => ({ kernelInitializer: initializers.glorotNormal({ seed }) });
  const model = sequential({
    layers: [
      layers.dense({ units: 6, inputShape: [4], activation: 'tanh', ...init(1) }),
      layers.batchNormalization({}),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: 2, ...init(2) }),
    ],
  });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

/** Runs `f` with `Math.random`, which tfjs shuffles by and seeds dropout from, replaced by a seeded stream. */
export async function withSeededRandom<T>(f: () => Promise<T>): Promise<T> {
  const { random } = Math;
  const stream = new SeededRandom(7);
  Math.random = () => stream.uniform();
  try {
    return await f();
  } finally {
    Math.random = random;
  }
}
