import type { ImageSet } from '../../examples/data/image-set.js';
import { sampleClasses, samplePixels, sampleSize } from './format.js';

/**
 * The first images of each class, as many as a sample holds: a byte a pixel, and classes take turns, so that image i
 * is of class i mod 10.
 */
export function firstOfEachClass({ images, labels }: ImageSet): Uint8Array {
  const sample = new Uint8Array(sampleSize * samplePixels);
  const taken = new Array<number>(sampleClasses).fill(0);
  labels.forEach((label, i) => {
    const row = taken[label]! * sampleClasses + label;
    if (row >= sampleSize) return;
    taken[label]!++;
    for (let p = 0; p < samplePixels; p++) {
      sample[row * samplePixels + p] = Math.round(255 * images[i * samplePixels + p]!);
    }
  });
  return sample;
}
