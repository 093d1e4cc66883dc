import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCifar10 } from '../../../examples/data/cifar10.js';
import { DataFileError } from '../../../examples/data/data-file-error.js';
import { encodePng } from './encode-png.js';

const scratch = mkdtempSync(join(tmpdir(), 'cifar10-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const PIXELS = 32 * 32;
const BATCHES = [
  'data_batch_1',
  'data_batch_2',
  'data_batch_3',
  'data_batch_4',
  'data_batch_5',
  'test_batch',
];

// Two images a batch. The value of a channel tells image, pixel and channel apart, so that a mix-up shows.
const label = (image: number) => image % 10;
const value = (image: number, pixel: number, channel: number) =>
  (image * 50 + pixel * 3 + channel * 101) % 256;
const imagesOf = (batch: number) => [2 * batch, 2 * batch + 1];
const hwc = (image: number) =>
  Array.from({ length: 3 * PIXELS }, (_, i) => value(image, Math.floor(i / 3), i % 3));
const chw = (image: number) =>
  Array.from({ length: 3 * PIXELS }, (_, i) => value(image, i % PIXELS, Math.floor(i / PIXELS)));

const binary = join(scratch, 'binary');
const sheets = join(scratch, 'sheets');

beforeAll(() => {
  mkdirSync(binary);
  mkdirSync(sheets);
  BATCHES.forEach((name, batch) => {
    const records = imagesOf(batch).flatMap((image) => [label(image), ...chw(image)]);
    writeFileSync(join(binary, `${name}.bin`), Buffer.from(records));
    const rows = Uint8Array.from(imagesOf(batch).flatMap(hwc));
    writeFileSync(
      join(sheets, `${name}.png`),
      encodePng(PIXELS, rows, () => 2),
    );
  });
  const labels = [0, 1, 2, 3, 4].flatMap(imagesOf).map(label);
  writeFileSync(join(sheets, 'train_lables.json'), JSON.stringify(labels));
  writeFileSync(join(sheets, 'test_lables.json'), JSON.stringify(imagesOf(5).map(label)));
});

describe.each([
  ['binary batches', binary],
  ['PNG sheets', sheets],
])('CIFAR-10 from %s', (_, folder) => {
  test('has its images in order, channels side by side', () => {
    const { train, test } = loadCifar10({ folder });
    expect(train).toMatchObject({ count: 10, shape: [32, 32, 3], classes: 10 });
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const image of [0, 3, 9]) {
      const pixels = train.images.subarray(image * 3 * PIXELS, (image + 1) * 3 * PIXELS);
      expect(Array.from(pixels, (pixel) => Math.round(255 * pixel))).toEqual(hwc(image));
    }
    expect([...test.labels]).toEqual([0, 1]);
    expect(Math.round(255 * test.images[4]!)).toBe(value(10, 1, 1));
  });

  test('draws the same with the same seed', () => {
    const drawn = loadCifar10({ folder, train: 4, seed: 2 }).train;
    expect(loadCifar10({ folder, train: 4, seed: 2 }).train).toEqual(drawn);
    drawn.labels.forEach((digit, i) => {
      expect(Math.round(255 * drawn.images[i * 3 * PIXELS]!)).toBe(value(digit, 0, 0));
    });
  });
});

describe('CIFAR-10 that is damaged', () => {
  /** A folder with one file replaced, or left out. */
  function damaged(source: string, name: string, content?: Buffer | string): string {
    const folder = mkdtempSync(join(scratch, 'damaged-'));
    const extension = source === binary ? 'bin' : 'png';
    BATCHES.forEach((batch, i) => {
      const rows = Uint8Array.from(imagesOf(i).flatMap(hwc));
      const file =
        extension === 'png' ? encodePng(PIXELS, rows, () => 0) : Buffer.alloc(2 * (1 + 3 * PIXELS));
      writeFileSync(join(folder, `${batch}.${extension}`), file);
    });
    writeFileSync(join(folder, 'train_lables.json'), JSON.stringify(Array(10).fill(1)));
    writeFileSync(join(folder, 'test_lables.json'), JSON.stringify([1, 1]));
    rmSync(join(folder, name));
    if (content !== undefined) writeFileSync(join(folder, name), content);
    return folder;
  }

  test.each<[string, string, string, Buffer | string | undefined, RegExp]>([
    ['a batch is missing', binary, 'data_batch_3.bin', undefined, /data_batch_3\.bin: .* no such file/],
    ['a batch is truncated', binary, 'test_batch.bin', Buffer.alloc(3072), /multiple of 3073 .* truncated/],
    ['a batch is empty', binary, 'test_batch.bin', Buffer.alloc(0), /multiple of 3073 bytes, received 0/],
    ['a label is none', binary, 'test_batch.bin', Buffer.alloc(3073, 10), /labels from 0 to 9, received 10/],
    [
      'a sheet is too narrow',
      sheets,
      'test_batch.png',
      encodePng(1, new Uint8Array(3), () => 0),
      /1024 pixels wide/,
    ],
    [
      'labels are too few',
      sheets,
      'train_lables.json',
      '[1, 2]',
      /list of 10 labels, one per image, received 2/,
    ],
    ['labels are truncated', sheets, 'train_lables.json', '[1, 2', /not JSON, or is truncated/],
    ['labels are words', sheets, 'test_lables.json', '["cat", 1]', /labels from 0 to 9, received cat/],
  ])('says so where %s', (_, source, name, content, message) => {
    const folder = damaged(source, name, content);
    expect(() => loadCifar10({ folder })).toThrow(DataFileError);
    expect(() => loadCifar10({ folder })).toThrow(message);
  });

  test('says what a folder would need to hold', () => {
    expect(() => loadCifar10({ folder: mkdtempSync(join(scratch, 'empty-')) })).toThrow(
      /a folder with data_batch_1\.bin or data_batch_1\.png, received neither/,
    );
  });
});
