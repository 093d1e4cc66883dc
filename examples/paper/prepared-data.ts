import type { Tensor } from '@tensorflow/tfjs-core';
import {
  cast,
  div,
  mean,
  oneHot,
  slice,
  sqrt,
  square,
  sub,
  tensor,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { loadCifar10 } from '../data/cifar10.js';
import { loadFashionMnist } from '../data/fashion-mnist.js';
import type { ImageData, ImageSet, LoadOptions } from '../data/image-set.js';
import { loadMnist } from '../data/mnist.js';
import { randomLabels } from '../../src/analysis/random-labels.js';
import type { DataName } from './settings.js';
import type { SizePlan } from './sizes.js';

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
 */
export function prepareData(
  name: DataName,
  folder: string | null,
  plan: Pick<SizePlan, 'train' | 'validation' | 'test'>,
  noise: number,
): PreparedData {
  const options = { train: plan.train + plan.validation, test: plan.test, seed: 0 };
  const { train, test } = loaders[name]({ ...options, ...(folder != null && { folder }) });
  const parts = tidy(() => {
    const images = imagesOf(train);
    const fitted = slice(images, 0, plan.train);
    const average = mean(fitted, 0, true);
    const deviation = sqrt(mean(square(sub(fitted, average))));
    const scaled = (xs: Tensor): Tensor => div(sub(xs, average), deviation);
    const labels = labelsOf(train);
    const trainLabels = slice(labels, 0, plan.train);
    return {
      train: {
        xs: scaled(fitted),
        ys: randomLabels(trainLabels, { fraction: noise, seed: 1 }),
      },
      validation: { xs: scaled(slice(images, plan.train)), ys: slice(labels, plan.train) },
      test: { xs: scaled(imagesOf(test)), ys: labelsOf(test) },
    };
  });
  return { ...parts, shape: train.shape, classes: train.classes };
}

function imagesOf({ images, count, shape }: ImageSet): Tensor {
  return tensor(images, [count, ...shape]);
}

function labelsOf({ labels, classes }: ImageSet): Tensor {
  return cast(oneHot(tensor1d(Int32Array.from(labels), 'int32'), classes), 'float32');
}
