import { shuffledIndices } from './shuffled-indices.js';

/** Labelled images ready for a model. */
export interface ImageSet {
  /** Pixels in [0, 1], laid out [count, height, width, channels]. */
  readonly images: Float32Array;
  /** The class of each image, 0 to classes − 1. */
  readonly labels: Uint8Array;
  readonly count: number;
  /** [height, width, channels] of one image. */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
}

/** Training and test images, disjoint as their publisher divided them. */
export interface ImageData {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** How much of a data set to load. */
export interface LoadOptions {
  /** Number of training images. Default: all. */
  readonly train?: number;
  /** Number of test images. Default: all. */
  readonly test?: number;
  /** Draws the images at random from all there are, in random order. Default: the first ones, in file order. */
  readonly seed?: number;
}

/** A data set as bytes: one per pixel and one per label. */
export interface RawImages {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly shape: readonly [number, number, number];
  readonly classes: number;
}

/**
 * `count` of the images, scaled to [0, 1].
 *
 * @param name what to call the images in an error, e.g. `MNIST training images`
 * @param count how many; default: all
 * @param seed draws them at random; default: the first ones
 * @throws RangeError for a count that is not an integer from 1 to the number there is
 */
export function selectImages(raw: RawImages, name: string, count?: number, seed?: number): ImageSet {
  const available = raw.labels.length;
  const wanted = count ?? available;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > available) {
    throw new RangeError(`${name}: expected a count from 1 to ${available}, received ${wanted}`);
  }
  const size = raw.shape[0] * raw.shape[1] * raw.shape[2];
  const order = seed === undefined ? undefined : shuffledIndices(available, seed);
  const images = new Float32Array(wanted * size);
  const labels = new Uint8Array(wanted);
  for (let i = 0; i < wanted; i++) {
    const source = order ? order[i]! : i;
    labels[i] = raw.labels[source]!;
    for (let p = 0; p < size; p++) images[i * size + p] = raw.pixels[source * size + p]! / 255;
  }
  return { images, labels, count: wanted, shape: raw.shape, classes: raw.classes };
}
