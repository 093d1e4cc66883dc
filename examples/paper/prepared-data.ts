import { createHash } from 'node:crypto';
import type { Tensor } from '@tensorflow/tfjs-core';
import { cast, oneHot, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { loadCifar10 } from '../data/cifar10.js';
import { loadFashionMnist } from '../data/fashion-mnist.js';
import type { ImageData, ImageSet, LoadOptions } from '../data/image-set.js';
import { loadMnist } from '../data/mnist.js';
import type { TextData } from '../data/text-set.js';
import type { TextName } from './prepared-text.js';
import { isTextName, loadText, prepareText } from './prepared-text.js';
import { LocalDataError, RunError } from './run-error.js';
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
  /** Of one example. */
  readonly shape: readonly number[];
  /** Of texts: numbers that stand for words. */
  readonly vocabulary?: number;
  readonly classes: number;
}

const loaders: Record<DataName, (options: LoadOptions & { folder?: string }) => ImageData> = {
  mnist: loadMnist,
  'fashion-mnist': loadFashionMnist,
  cifar10: loadCifar10,
};

/** How many images are drawn from a data set. */
type DataPlan = Pick<SizePlan, 'train' | 'validation' | 'test'>;

/**
 * Loads a random part of a data set, with the mean image of the training part removed and divided by one standard
 * deviation over all of its pixels, as in the paper.
 *
 * @param folder of the original files; null for the npm package
 * @param noise share of the training labels replaced by random ones
 * @param hash what `hashOfData` has to say of it; null: anything
 * @returns tensors, owned by the caller
 * @throws DataFileError for a file that is missing or damaged
 * @throws RunError where there are fewer images than the plan asks for; LocalDataError where the hash is another
 */
export function prepareData(
  name: DataName | TextName,
  folder: string | null,
  plan: DataPlan,
  noise: number,
  hash: string | null = null,
): PreparedData {
  if (isTextName(name)) {
    const texts = readTexts(name, folder, plan);
    if (hash != null) requireHash(hashOfTexts(texts), hash, `${name} in ${folder ?? 'the npm package'}`);
    return prepareText(texts, plan.train);
  }
  const images = load(name, folder, plan);
  if (hash != null) requireHash(hashOf(images), hash, `${name} in ${folder ?? 'the npm package'}`);
  const { train, test } = images;
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

/**
 * What tells a data set from others: SHA-256 of the images and labels that a plan draws from it, whichever files they are
 * read from.
 */
export function hashOfData(name: DataName | TextName, folder: string | null, plan: DataPlan): string {
  if (isTextName(name)) return hashOfTexts(readTexts(name, folder, plan));
  return hashOf(load(name, folder, plan));
}

function hashOf({ train, test }: ImageData): string {
  const hash = createHash('sha256');
  for (const { images, labels, count, shape } of [train, test]) {
    hash.update(JSON.stringify([count, shape])).update(labels);
    hash.update(new Uint8Array(images.buffer, images.byteOffset, images.byteLength));
  }
  return hash.digest('hex');
}

function requireHash(received: string, expected: string, where: string): void {
  if (received === expected) return;
  throw new LocalDataError(
    `${where}: expected data with the SHA-256 ${expected}, which the host has, received ${received}`,
  );
}

function hashOfTexts({ train, test }: TextData): string {
  const hash = createHash('sha256');
  for (const { words, labels } of [train, test]) hash.update(JSON.stringify([...words, ...labels]));
  return hash.digest('hex');
}

function load(name: DataName, folder: string | null, plan: DataPlan): ImageData {
  return readParts(loaders[name], folder, plan);
}

function readTexts(name: TextName, folder: string | null, plan: DataPlan): TextData {
  return readParts((options) => loadText(name, options), folder, plan);
}

function readParts<T>(
  read: (options: { train: number; test: number; seed: number; folder?: string }) => T,
  folder: string | null,
  plan: DataPlan,
): T {
  const options = { train: plan.train + plan.validation, test: plan.test, seed: 0 };
  try {
    return read({ ...options, ...(folder != null && { folder }) });
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
