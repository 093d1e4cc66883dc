import type { layers as LayerTypes, LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import type { NetName } from './choices.js';
import { widthsOf } from './settings.js';

type Layer = LayerTypes.Layer;

/** Hidden layers of a net. The first one is given the shape of an input. */
const hiddenLayers: Record<NetName, (widths: readonly number[], inputShape: number[]) => Layer[]> = {
  mlp: (widths, inputShape) => [
    layers.layers.reshape({
      inputShape,
      targetShape: [inputShape.reduce((size, length) => size * length, 1)],
    }),
    ...widths.map((units, i) =>
      layers.layers.dense({ units, activation: 'tanh', kernelInitializer: initializer(i) }),
    ),
  ],
  // Strides instead of pooling: the image is halved at each layer, and so is the work.
  cnn: (widths, inputShape) => [
    ...widths.map((filters, i) =>
      layers.layers.conv2d({
        filters,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: initializer(i),
        ...(i === 0 && { inputShape }),
      }),
    ),
    layers.layers.flatten(),
  ],
};

/** A net that tells classes apart. Nets of the same widths begin with the same weights. */
export function makeNet(net: NetName, widths: string, inputShape: number[], classes: number): LayersModel {
  const hidden = hiddenLayers[net](widthsOf(widths), inputShape);
  const kernelInitializer = initializer(hidden.length);
  return layers.sequential({
    layers: [...hidden, layers.layers.dense({ units: classes, activation: 'softmax', kernelInitializer })],
  });
}

function initializer(seed: number): ReturnType<typeof layers.initializers.glorotNormal> {
  return layers.initializers.glorotNormal({ seed: seed + 1 });
}
