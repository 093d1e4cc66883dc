import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import type { ModelShape } from './model-shape.js';

/**
 * A multilayer perceptron: dense layers with ReLU, softmax; Glorot uniform.
 *
 * @param hidden units of the hidden layers
 */
export function mlp({ inputShape, classes, seed }: ModelShape, hidden: readonly number[]): Sequential {
  const dense = (units: number, activation: 'relu' | 'softmax', i: number) =>
    layers.dense({
      units,
      activation,
      kernelInitializer: initializers.glorotUniform({ seed: 1000 * seed + i }),
    });
  return sequential({
    layers: [
      layers.flatten({ inputShape: [...inputShape] }),
      ...hidden.map((units, i) => dense(units, 'relu', i)),
      dense(classes, 'softmax', hidden.length),
    ],
  });
}
