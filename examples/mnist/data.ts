import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { loadMnist } from '../data/mnist.js';
import type { ImageSet } from '../data/image-set.js';

/** Images [N, 28, 28, 1] and one-hot labels [N, 10]. */
export interface Examples {
  readonly xs: Tensor4D;
  readonly ys: Tensor2D;
}

/** Real MNIST: training examples in random order, and examples to validate on. */
export function loadExamples(
  train: number,
  validation: number,
  seed: number,
): { train: Examples; validation: Examples } {
  const images = loadMnist({ train, test: validation, seed });
  return { train: toTensors(images.train), validation: toTensors(images.test) };
}

/** The first so many examples, as tensors of their own. */
export function firstExamples({ xs, ys }: Examples, count: number): Examples {
  return { xs: tf.slice(xs, 0, count), ys: tf.slice(ys, 0, count) };
}

function toTensors({ images, labels, count, shape, classes }: ImageSet): Examples {
  return {
    xs: tf.tensor4d(images, [count, ...shape]),
    ys: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32')) as Tensor2D,
  };
}
