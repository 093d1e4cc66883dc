import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DataFileError } from '../../../examples/data/data-file-error.js';
import { readIdxImages, readIdxLabels } from '../../../examples/data/idx.js';
import { loadMnist } from '../../../examples/data/mnist.js';

const folder = mkdtempSync(join(tmpdir(), 'mnist-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string) => join(folder, name);
const TRAIN_IMAGES = file('train-images-idx3-ubyte');
const TRAIN_LABELS = file('train-labels-idx1-ubyte');
const TEST_IMAGES = file('t10k-images-idx3-ubyte');
const TEST_LABELS = file('t10k-labels-idx1-ubyte');

/** The bytes of an idx file: magic number, dimensions, data. */
function idx(dimensions: number[], data: number[], magic = 0x0800 | dimensions.length): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(magic, 0);
  dimensions.forEach((dimension, i) => header.writeUInt32BE(dimension, 4 + 4 * i));
  return Buffer.concat([header, Buffer.from(data)]);
}

// Image i is 1 × 2 pixels of value 10 i and 10 i + 5, and shows the digit i: an image that loses its label shows.
const pictures = (count: number) => Array.from({ length: count }, (_, i) => [10 * i, 10 * i + 5]).flat();
const digits = (count: number) => Array.from({ length: count }, (_, i) => i);

beforeEach(() => {
  writeFileSync(TRAIN_IMAGES, idx([6, 1, 2], pictures(6)));
  writeFileSync(TRAIN_LABELS, idx([6], digits(6)));
  writeFileSync(TEST_IMAGES, idx([3, 1, 2], pictures(3)));
  writeFileSync(TEST_LABELS, idx([3], digits(3)));
});

/** The error of a call, by its message without the folder. */
function failure(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof DataFileError || error instanceof RangeError) {
      return error.message.replaceAll(`${folder}/`, '');
    }
    throw error;
  }
  throw new Error('expected the call to throw');
}

describe('idx files', () => {
  test('give their pixels and their shape', () => {
    const { pixels, count, rows, columns } = readIdxImages(TEST_IMAGES);
    expect([count, rows, columns]).toEqual([3, 1, 2]);
    expect([...pixels]).toEqual([0, 5, 10, 15, 20, 25]);
    expect([...readIdxLabels(TEST_LABELS)]).toEqual([0, 1, 2]);
  });

  test('that are missing are named', () => {
    expect(failure(() => readIdxLabels(file('none')))).toBe(
      'none: expected an idx file of labels, received no such file',
    );
  });

  test('of the other kind are told by their magic number', () => {
    expect(failure(() => readIdxImages(TEST_LABELS))).toMatch(/header of 16 bytes, received a file of 11/);
    writeFileSync(TEST_LABELS, idx([3, 1, 2], pictures(3)));
    expect(failure(() => readIdxLabels(TEST_LABELS))).toMatch(
      /magic number 0x00000801 .* labels, received 0x00000803/,
    );
  });

  test('that were not unpacked are told so', () => {
    writeFileSync(TEST_IMAGES, idx([3, 1, 2], pictures(3), 0x1f8b0800));
    expect(failure(() => readIdxImages(TEST_IMAGES))).toMatch(/gzip/);
  });

  test('that are truncated or too long do not pass', () => {
    writeFileSync(TEST_IMAGES, idx([3, 1, 2], pictures(3)).subarray(0, -1));
    expect(failure(() => readIdxImages(TEST_IMAGES))).toMatch(
      /expected 6 bytes of images \(3 × 1 × 2\), received 5 bytes: the file is truncated/,
    );
    writeFileSync(TEST_IMAGES, idx([3, 1, 2], [...pictures(3), 0]));
    expect(failure(() => readIdxImages(TEST_IMAGES))).toMatch(/received 7 bytes$/);
    writeFileSync(TEST_IMAGES, Buffer.from([0, 0, 8]));
    expect(failure(() => readIdxImages(TEST_IMAGES))).toMatch(/received a file of 3 bytes/);
  });
});

describe('loadMnist', () => {
  test('scales pixels to [0, 1] and keeps file order without a seed', () => {
    const { train, test } = loadMnist({ folder, train: 2 });
    expect([...train.images]).toEqual([0, 5, 10, 15].map((pixel) => Math.fround(pixel / 255)));
    expect([...train.labels]).toEqual([0, 1]);
    expect(test).toMatchObject({ count: 3, shape: [1, 2, 1], classes: 10 });
  });

  test('draws with a seed: repeatably, without repetition, each image with its label', () => {
    const { train } = loadMnist({ folder, seed: 3 });
    expect([...train.labels]).not.toEqual(digits(6));
    expect([...train.labels].sort()).toEqual(digits(6));
    train.labels.forEach((digit, i) => expect(train.images[2 * i]).toBe(Math.fround((10 * digit) / 255)));
    expect(loadMnist({ folder, seed: 3 }).train.labels).toEqual(train.labels);
    expect(loadMnist({ folder, seed: 4 }).train.labels).not.toEqual(train.labels);
  });

  test('refuses labels that do not fit the images', () => {
    writeFileSync(TRAIN_LABELS, idx([5], digits(5)));
    expect(failure(() => loadMnist({ folder }))).toBe(
      'train-labels-idx1-ubyte: expected 6 labels, one per image of train-images-idx3-ubyte, received 5',
    );
    writeFileSync(TRAIN_LABELS, idx([6], [0, 1, 2, 3, 4, 10]));
    expect(failure(() => loadMnist({ folder }))).toMatch(/labels from 0 to 9, received 10/);
  });

  test.each([0, -1, 1.5, 7, Number.NaN])('refuses to load %s of 6 images', (train) => {
    expect(failure(() => loadMnist({ folder, train }))).toMatch(/expected a count from 1 to 6, received/);
  });

  test('finds the real data in its package', () => {
    const { train, test } = loadMnist({ train: 500, test: 100, seed: 1 });
    expect(train.shape).toEqual([28, 28, 1]);
    // All ten digits, about a tenth each: 500 draws stay within 5 standard deviations (6.7) of 50.
    const counts = Array.from({ length: 10 }, (_, digit) => train.labels.filter((l) => l === digit).length);
    for (const count of counts) expect(Math.abs(count - 50)).toBeLessThan(34);
    // The published mean of MNIST's training pixels is 0.1307.
    const mean = train.images.reduce((sum, pixel) => sum + pixel, 0) / train.images.length;
    expect(mean).toBeGreaterThan(0.12);
    expect(mean).toBeLessThan(0.14);
    expect(test.count).toBe(100);
  });
});
