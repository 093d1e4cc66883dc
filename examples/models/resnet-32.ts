import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { initializers, input, layers, model } from '@tensorflow/tfjs-layers';
import type { ModelShape, ModelWidths } from './model-shape.js';
import { shareOf } from './model-shape.js';

/** Filters of the three stages. */
const stages = [16, 32, 64];

/** Residual blocks of a stage: 1 + 3 · 5 · 2 + 1 = 32 layers with weights. */
const blocks = 5;

/** Without batch normalisation the residuals add up: the paper divides the He variance 2/fan-in by this. */
const varianceDivisor = 15;

/**
 * The paper's ResNet-32 without batch normalisation: three stages of five pre-activation blocks (He et al. 2016,
 * "Identity Mappings in Deep Residual Networks"), 16, 32 and 64 filters, global average pooling, softmax.
 */
export function resnet32({ inputShape, classes, seed }: ModelShape, widths: ModelWidths): LayersModel {
  let layer = 0;
  const kernelInitializer = () =>
    initializers.varianceScaling({
      scale: 2 / varianceDivisor,
      mode: 'fanIn',
      distribution: 'normal',
      seed: 1000 * seed + ++layer,
    });
  const conv = (x: SymbolicTensor, filters: number, kernelSize: number, strides: number): SymbolicTensor =>
    layers
      .conv2d({ filters, kernelSize, strides, padding: 'same', kernelInitializer: kernelInitializer() })
      .apply(x) as SymbolicTensor;
  const relu = (x: SymbolicTensor): SymbolicTensor =>
    layers.activation({ activation: 'relu' }).apply(x) as SymbolicTensor;

  const images = input({ shape: [...inputShape] });
  const widthOf = (stage: number): number => shareOf(stages[stage]!, widths.filters);
  let x = conv(images, widthOf(0), 3, 1);
  stages.forEach((_, stage) => {
    const filters = widthOf(stage);
    for (let block = 0; block < blocks; block++) {
      const isReducing = stage > 0 && block === 0;
      const strides = isReducing ? 2 : 1;
      const active = relu(x);
      const shortcut = isReducing ? conv(active, filters, 1, strides) : x;
      const residual = conv(relu(conv(active, filters, 3, strides)), filters, 3, 1);
      x = layers.add().apply([shortcut, residual]) as SymbolicTensor;
    }
  });
  const pooled = layers.globalAveragePooling2d({}).apply(relu(x)) as SymbolicTensor;
  const outputs = layers
    .dense({ units: classes, activation: 'softmax', kernelInitializer: kernelInitializer() })
    .apply(pooled) as SymbolicTensor;
  return model({ inputs: images, outputs });
}
