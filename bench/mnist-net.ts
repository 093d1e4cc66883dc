import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { loadMnist } from '../examples/data/mnist.js';

/** A hundred batches. */
const examples = 12_800;
export const batchSize = 128;

/** The MNIST net of the benches: 784-256-128-10, ReLU, softmax, the same at every run, with real images. */
export class MnistNet {
  readonly data: { readonly xs: Tensor2D; readonly ys: Tensor2D };
  readonly model: Sequential;

  constructor() {
    const { images, labels, count } = loadMnist({ train: examples, test: 1, seed: 1 }).train;
    const classes = tf.tidy(() =>
      tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32'),
    ) as Tensor2D;
    this.data = { xs: tf.tensor2d(images, [count, 784]), ys: classes };
    const dense = (units: number, activation: 'relu' | 'softmax', seed: number, inputShape?: number[]) =>
      layers.dense({
        units,
        activation,
        kernelInitializer: initializers.glorotUniform({ seed }),
        ...(inputShape && { inputShape }),
      });
    this.model = sequential({
      layers: [dense(256, 'relu', 1, [784]), dense(128, 'relu', 2), dense(10, 'softmax', 3)],
    });
  }

  get variables(): Variable[] {
    return this.model.trainableWeights.map((weight) => weight.read() as Variable);
  }

  /** The loss of one batch, as a function for `minimize`. */
  batchLoss(batch: number): () => tf.Scalar {
    const begin = (batch * batchSize) % examples;
    return () =>
      tf.tidy(() => {
        const x = tf.slice(this.data.xs, [begin, 0], [batchSize, 784]);
        const y = tf.slice(this.data.ys, [begin, 0], [batchSize, 10]);
        const probabilities = this.model.apply(x) as Tensor2D;
        return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(tf.maximum(probabilities, 1e-7))), -1)));
      });
  }
}
