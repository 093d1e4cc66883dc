import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DataFileError } from '../../../examples/data/data-file-error.js';
import { loadFashionMnist } from '../../../examples/data/fashion-mnist.js';
import { packageFolder } from '../../../examples/data/package-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'fashion-mnist-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PIXELS = 28 * 28;
// Image i of class c is all of the value 20 c + i.
const image = (label: number, i: number) => Array<number>(PIXELS).fill(20 * label + i);
const writeClass = (label: number, images: unknown) =>
  writeFileSync(join(folder, `${label}.json`), JSON.stringify({ data: images }));

beforeEach(() => {
  for (let label = 0; label < 10; label++)
    writeClass(
      label,
      [0, 1, 2].map((i) => image(label, i)),
    );
});

const values = (set: { images: Float32Array; count: number }) =>
  Array.from({ length: set.count }, (_, i) => Math.round(255 * set.images[i * PIXELS]!));

describe('loadFashionMnist', () => {
  test('takes the classes in turns and keeps the last of each for the test', () => {
    const { train, test } = loadFashionMnist({ folder, testPerClass: 1 });
    const labels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect([...train.labels]).toEqual([...labels, ...labels]);
    expect(values(train)).toEqual([0, 1].flatMap((i) => labels.map((label) => 20 * label + i)));
    expect(values(test)).toEqual(labels.map((label) => 20 * label + 2));
    expect(train).toMatchObject({ shape: [28, 28, 1], classes: 10 });
  });

  test('passes over the empty lists the package ends a class with', () => {
    writeClass(0, [image(0, 0), image(0, 1), [], []]);
    const { train, test } = loadFashionMnist({ folder, testPerClass: 1, train: 1 });
    expect(values(train)).toEqual([0]);
    expect(values(test)[0]).toBe(1);
  });

  test.each<[string, unknown, RegExp]>([
    ['too few images', [image(4, 0)], /more than the 1 images of the test, received 1/],
    ['an image of another size', [image(4, 0), [1, 2]], /784 numbers .* for image 1/],
    ['a pixel that is no byte', [image(4, 0), [...image(4, 1).slice(1), 256]], /numbers from 0 to 255/],
    ['no list', 'none', /an object with a list of images as data/],
  ])('refuses a class with %s', (_, images, message) => {
    writeClass(4, images);
    expect(() => loadFashionMnist({ folder, testPerClass: 1 })).toThrow(DataFileError);
    expect(() => loadFashionMnist({ folder, testPerClass: 1 })).toThrow(message);
  });

  test('says which file is missing or truncated', () => {
    writeFileSync(join(folder, '7.json'), '{"data": [[0, 0');
    expect(() => loadFashionMnist({ folder, testPerClass: 1 })).toThrow(/7\.json: .* truncated/);
    rmSync(join(folder, '7.json'));
    expect(() => loadFashionMnist({ folder, testPerClass: 1 })).toThrow(/7\.json: .* no such file/);
  });
});

test('a data package that is not installed is named, with the command that installs it', () => {
  expect(() => packageFolder('no-such-data', 'npm install no-such-data')).toThrow(
    'no-such-data: expected the npm package with the data, received none: run npm install no-such-data',
  );
});
