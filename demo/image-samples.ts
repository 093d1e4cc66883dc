import type { Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import fashionMnist from './samples/fashion-mnist.bin?url';
import { samplePixels, sampleSide, sampleSize } from './samples/format.js';
import mnist from './samples/mnist.bin?url';

/** Images in ten classes that take turns: image i is of class i mod 10. */
export type ImageSet = 'mnist' | 'fashion-mnist';

const addresses: Record<ImageSet, string> = { mnist, 'fashion-mnist': fashionMnist };

/**
 * The images of a sample, [count, 28, 28, 1] in [0, 1].
 *
 * @throws Error in words for the visitor, where the file is not served
 */
export async function loadImages(name: ImageSet): Promise<Tensor4D> {
  const bytes = await download(addresses[name]);
  if (bytes?.length !== sampleSize * samplePixels) throw new Error(`The images of ${name} cannot be loaded.`);
  return tf.tidy(() => tf.div(tf.tensor4d(bytes, [sampleSize, sampleSide, sampleSide, 1], 'float32'), 255));
}

/** The bytes at an address, or null where there are none. A server may well answer with a page that says so. */
async function download(address: string): Promise<Uint8Array | null> {
  try {
    const response = await fetch(address);
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
  } catch {
    return null;
  }
}
