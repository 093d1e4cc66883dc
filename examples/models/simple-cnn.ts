import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import type { ModelShape } from './model-shape.js';

/** Widths of a SimpleCNN. */
export interface SimpleCnnWidths {
  /** f, filters of the first block; the second has twice as many. */
  readonly filters: number;
  readonly kernelSize: number;
  readonly hidden: number;
}

/** The paper's "root": 361 898 parameters on 32 × 32 × 3. */
export const rootWidths: SimpleCnnWidths = { filters: 32, kernelSize: 3, hidden: 128 };

/** The paper's "medium": 2 399 518 parameters on 32 × 32 × 3. */
export const mediumWidths: SimpleCnnWidths = { filters: 100, kernelSize: 5, hidden: 128 };

/**
 * The paper's SimpleCNN: two blocks of a convolution that keeps the size, one that does not, and a pooling; a dense
 * layer; softmax. ReLU, Glorot uniform.
 *
 * @param shape images, classes, and the seed: models with equal seeds begin with equal weights
 */
export function simpleCnn({ inputShape, classes, seed }: ModelShape, widths: SimpleCnnWidths): Sequential {
  const { filters, kernelSize, hidden } = widths;
  let layer = 0;
  const kernelInitializer = () => initializers.glorotUniform({ seed: 1000 * seed + ++layer });
  const conv = (width: number, padding: 'same' | 'valid', shape?: number[]) =>
    layers.conv2d({
      filters: width,
      kernelSize,
      padding,
      activation: 'relu',
      kernelInitializer: kernelInitializer(),
      ...(shape && { inputShape: shape }),
    });
  return sequential({
    layers: [
      conv(filters, 'same', [...inputShape]),
      conv(filters, 'valid'),
      layers.maxPooling2d({ poolSize: 2 }),
      conv(2 * filters, 'same'),
      conv(2 * filters, 'valid'),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: hidden, activation: 'relu', kernelInitializer: kernelInitializer() }),
      layers.dense({ units: classes, activation: 'softmax', kernelInitializer: kernelInitializer() }),
    ],
  });
}
