import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import type { ModelWidths } from './model-shape.js';
import { shareOf } from './model-shape.js';
import type { TextShape } from './text-shape.js';

/** Widths of the convolutional classifier among the examples of Keras (imdb_cnn), which the paper's is of the kind of. */
const [embedded, filters, hidden] = [50, 250, 250];

/**
 * A convolutional classifier of texts: vectors of words, a convolution over three words, the largest value of each filter, a
 * dense layer, softmax. ReLU, Glorot uniform, no dropout.
 */
export function textCnn({ length, vocabulary, classes, seed }: TextShape, widths: ModelWidths): Sequential {
  let layer = 0;
  const glorot = () => initializers.glorotUniform({ seed: 1000 * seed + ++layer });
  return sequential({
    layers: [
      layers.embedding({
        inputDim: vocabulary,
        outputDim: embedded,
        inputLength: length,
        embeddingsInitializer: initializers.randomUniform({
          minval: -0.05,
          maxval: 0.05,
          seed: 1000 * seed + ++layer,
        }),
      }),
      layers.conv1d({
        filters: shareOf(filters, widths.filters),
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: glorot(),
      }),
      layers.globalMaxPooling1d({}),
      layers.dense({
        units: shareOf(hidden, widths.hidden),
        activation: 'relu',
        kernelInitializer: glorot(),
      }),
      layers.dense({ units: classes, activation: 'softmax', kernelInitializer: glorot() }),
    ],
  });
}
