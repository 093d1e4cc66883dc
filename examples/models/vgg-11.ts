import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import type { ModelShape, ModelWidths } from './model-shape.js';
import { shareOf } from './model-shape.js';

/** Configuration A of Simonyan & Zisserman 2015: filters of the convolutions, `pool` between them. */
const plan = [64, 'pool', 128, 'pool', 256, 256, 'pool', 512, 512, 'pool', 512, 512, 'pool'] as const;

/** Units of the hidden dense layer: on images of 32 pixels one of 512 stands for the original's two of 4096. */
const hidden = 512;

/**
 * VGG-11 without batch normalisation for small images: eight 3 × 3 convolutions, five poolings that round up, two
 * dense layers, softmax; ReLU, He normal.
 */
export function vgg11({ inputShape, classes, seed }: ModelShape, widths: ModelWidths): Sequential {
  const net = sequential();
  let layer = 0;
  const kernelInitializer = () => initializers.heNormal({ seed: 1000 * seed + ++layer });
  for (const entry of plan) {
    net.add(
      entry === 'pool'
        ? layers.maxPooling2d({ poolSize: 2, padding: 'same' })
        : layers.conv2d({
            filters: shareOf(entry, widths.filters),
            kernelSize: 3,
            padding: 'same',
            activation: 'relu',
            kernelInitializer: kernelInitializer(),
            ...(layer === 1 && { inputShape: [...inputShape] }),
          }),
    );
  }
  net.add(layers.flatten());
  const units = shareOf(hidden, widths.hidden);
  net.add(layers.dense({ units, activation: 'relu', kernelInitializer: kernelInitializer() }));
  net.add(layers.dense({ units: classes, activation: 'softmax', kernelInitializer: kernelInitializer() }));
  return net;
}
