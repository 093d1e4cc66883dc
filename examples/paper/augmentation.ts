import type { SeededRandom } from '../../src/random.js';

/** Largest shift, as a share of the side of an image: the paper's ±12.5 %. */
const largestShift = 0.125;

/**
 * Shifts each image of a batch by up to an eighth of its side, in both directions, and mirrors every second one on
 * average. What comes in from outside is 0, the mean of images whose mean is removed.
 *
 * @param images [count, height, width, channels], row-major; stays as it is
 * @returns images of the same shape
 */
export function augmentImages(
  images: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  random: SeededRandom,
): Float32Array {
  const size = height * width * channels;
  const result = new Float32Array(images.length);
  const shiftOf = (side: number): number => {
    const most = Math.floor(largestShift * side);
    return Math.floor(random.uniform() * (2 * most + 1)) - most;
  };
  for (let begin = 0; begin < images.length; begin += size) {
    const [down, right, isMirrored] = [shiftOf(height), shiftOf(width), random.uniform() < 0.5];
    for (let row = Math.max(0, down); row < Math.min(height, height + down); row++) {
      for (let column = Math.max(0, right); column < Math.min(width, width + right); column++) {
        const shifted = column - right;
        const source = isMirrored ? width - 1 - shifted : shifted;
        const from = begin + ((row - down) * width + source) * channels;
        const to = begin + (row * width + column) * channels;
        for (let c = 0; c < channels; c++) result[to + c] = images[from + c]!;
      }
    }
  }
  return result;
}
