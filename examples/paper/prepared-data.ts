import type { Tensor } from '@tensorflow/tfjs-core';
import { cast, oneHot, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { loadCifar10 } from '../data/cifar10.js';
import { loadFashionMnist } from '../data/fashion-mnist.js';
import type { ImageData, ImageSet, LoadOptions } from '../data/image-set.js';
import { loadMnist } from '../data/mnist.js';
import { RunError } from './run-error.js';
import { randomLabels } from '../../src/analysis/random-labels.js';
import type { DataName } from './settings.js';
import type { SizePlan } from './size-plan.js';

/** Examples as a model takes them: images with zero mean, labels one-hot. */
export type Examples = Readonly<Record<'xs' | 'ys', Tensor>>;

/** The parts of a data set. */
export interface PreparedData {
  readonly train: Examples;
  readonly validation: Examples;
  readonly test: Examples;
  readonly shape: readonly [number, number, number];
  readonly classes: number;
}

const loaders: Record<DataName, (options: LoadOptions & { folder?: string }) => ImageData> = {
  mnist: loadMnist,
  'fashion-mnist': loadFashionMnist,
  cifar10: loadCifar10,
};

/**
 * Loads a random part of a data set, with the mean image of the training part removed and divided by one standard
 * deviation over all of its pixels, as in the paper.
 *
 * @param folder of the original files; null for the npm package
 * @param noise share of the training labels replaced by random ones
 * @returns tensors, owned by the caller
 * @throws DataFileError for a file that is missing or damaged
 * @throws RunError where there are fewer images than the plan asks for
 */
export function prepareData(
  name: DataName,
  folder: string | null,
  plan: Pick<SizePlan, 'train' | 'validation' | 'test'>,
  noise: number,
): PreparedData {
  const options = { train: plan.train + plan.validation, test: plan.test, seed: 0 };
  const { train, test } = load(name, { ...options, ...(folder != null && { folder }) });
  // On the host and in place: at full size the images alone are most of what a 32-bit heap holds.
  const scale = scaleOf(train, plan.train);
  for (const { images } of [train, test]) applyScale(images, scale);
  const fitted = examplesOf(train, 0, plan.train);
  const ys = randomLabels(fitted.ys, { fraction: noise, seed: 1 });
  fitted.ys.dispose();
  return {
    train: { xs: fitted.xs, ys },
    validation: examplesOf(train, plan.train, train.count),
    test: examplesOf(test, 0, test.count),
    shape: train.shape,
    classes: train.classes,
  };
}

function load(name: DataName, options: LoadOptions & { folder?: string }): ImageData {
  try {
    return loaders[name](options);
  } catch (error) {
    if (error instanceof RangeError) throw new RunError(`too little data for this size: ${error.message}`);
    throw error;
  }
}

interface Scale {
  /** The mean image. */
  readonly mean: Float64Array;
  /** One for all pixels. */
  readonly deviation: number;
}

/** Mean image and standard deviation of the first `count` images. */
function scaleOf({ images, shape }: ImageSet, count: number): Scale {
  const size = shape[0] * shape[1] * shape[2];
  const mean = new Float64Array(size);
  for (let i = 0; i < count * size; i++) mean[i % size]! += images[i]! / count;
  let squares = 0;
  for (let i = 0; i < count * size; i++) squares += (images[i]! - mean[i % size]!) ** 2;
  return { mean, deviation: Math.sqrt(squares / (count * size)) };
}

function applyScale(images: Float32Array, { mean, deviation }: Scale): void {
  for (let i = 0; i < images.length; i++) images[i] = (images[i]! - mean[i % mean.length]!) / deviation;
}

/** Images `begin` to `end` − 1 with one-hot labels. */
function examplesOf({ images, labels, shape, classes }: ImageSet, begin: number, end: number): Examples {
  const size = shape[0] * shape[1] * shape[2];
  const xs = tensor(images.subarray(begin * size, end * size), [end - begin, ...shape]);
  const ys = tidy(() => {
    const numbers = tensor1d(Int32Array.from(labels.subarray(begin, end)), 'int32');
    return cast(oneHot(numbers, classes), 'float32');
  });
  return { xs, ys };
}
