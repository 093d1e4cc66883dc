import type { Tensor } from '@tensorflow/tfjs-core';
import { gather, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { SeededRandom } from '../../src/random.js';
import { augmentImages } from './augmentation.js';
import type { Examples } from './prepared-data.js';

/**
 * One step of the optimizer a model is compiled with.
 *
 * @param indices the examples of the minibatch
 * @param random shifts and mirrors the images; null leaves them as they are
 */
export async function trainOn(
  model: LayersModel,
  { xs, ys }: Examples,
  indices: Int32Array,
  random: SeededRandom | null = null,
): Promise<void> {
  const [images, labels] = tidy(() => {
    const rows = tensor1d(indices, 'int32');
    return [gather(xs, rows), gather(ys, rows)] as const;
  });
  const inputs = random == null ? images : await augmented(images, random);
  await model.trainOnBatch(inputs, labels);
  for (const spent of new Set([images, inputs, labels])) spent.dispose();
}

async function augmented(images: Tensor, random: SeededRandom): Promise<Tensor> {
  const [, height, width, channels] = images.shape as [number, number, number, number];
  const values = Float32Array.from(await images.data());
  return tensor(augmentImages(values, [height, width, channels], random), images.shape);
}
