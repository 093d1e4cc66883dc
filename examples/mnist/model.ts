import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';

/**
 * The paper's SimpleCNN, scaled to 28 × 28 images: two blocks of two 3 × 3 convolutions and a pooling, a dense
 * layer and softmax; Glorot uniform initialization.
 *
 * @param filters of the first block; the second has twice as many
 * @param seed two models with the same seed begin with the same weights
 */
export function simpleCnn(filters: number, hidden: number, seed: number): Sequential {
  let layer = 0;
  const kernelInitializer = () => initializers.glorotUniform({ seed: seed + ++layer });
  const conv = (width: number, padding: 'same' | 'valid', inputShape?: [number, number, number]) =>
    layers.conv2d({
      filters: width,
      kernelSize: 3,
      padding,
      activation: 'relu',
      kernelInitializer: kernelInitializer(),
      inputShape,
    });
  return sequential({
    layers: [
      conv(filters, 'same', [28, 28, 1]),
      conv(filters, 'valid'),
      layers.maxPooling2d({ poolSize: 2 }),
      conv(2 * filters, 'same'),
      conv(2 * filters, 'valid'),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: hidden, activation: 'relu', kernelInitializer: kernelInitializer() }),
      layers.dense({ units: 10, activation: 'softmax', kernelInitializer: kernelInitializer() }),
    ],
  });
}
