import type { Sequential } from '@tensorflow/tfjs-layers';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import type { ModelWidths } from './model-shape.js';
import { shareOf } from './model-shape.js';
import type { TextShape } from './text-shape.js';

/** Units of each layer, as in the paper. */
const units = 200;

/**
 * The paper's LSTM of two layers, which tells the next word: vectors of words, two LSTMs, softmax. Glorot uniform, also for the
 * recurrent kernels.
 */
export function wordLstm({ length, vocabulary, classes, seed }: TextShape, widths: ModelWidths): Sequential {
  let layer = 0;
  const glorot = () => initializers.glorotUniform({ seed: 1000 * seed + ++layer });
  const width = shareOf(units, widths.hidden);
  const lstm = (returnSequences: boolean) =>
    layers.lstm({
      units: width,
      returnSequences,
      kernelInitializer: glorot(),
      recurrentInitializer: glorot(),
    });
  return sequential({
    layers: [
      layers.embedding({
        inputDim: vocabulary,
        outputDim: width,
        inputLength: length,
        embeddingsInitializer: initializers.randomUniform({
          minval: -0.05,
          maxval: 0.05,
          seed: 1000 * seed + ++layer,
        }),
      }),
      lstm(true),
      lstm(false),
      layers.dense({ units: classes, activation: 'softmax', kernelInitializer: glorot() }),
    ],
  });
}
