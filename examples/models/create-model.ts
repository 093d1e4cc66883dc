import type { LayersModel } from '@tensorflow/tfjs-layers';
import { mlp } from './mlp.js';
import type { ModelShape } from './model-shape.js';
import { resnet32 } from './resnet-32.js';
import type { SimpleCnnWidths } from './simple-cnn.js';
import { mediumWidths, rootWidths, simpleCnn } from './simple-cnn.js';
import { vgg11 } from './vgg-11.js';

/** Models that are known by name. */
export const modelNames = ['simple-cnn', 'medium', 'resnet-32', 'vgg-11', 'mlp'] as const;

export type ModelName = (typeof modelNames)[number];

/** How wide the models are that come in several widths. */
export interface ModelWidths {
  /** Default: the paper's root. */
  readonly simpleCnn?: SimpleCnnWidths;
  /** Hidden layers of the MLP. Default 256, 128. */
  readonly mlp?: readonly number[];
}

/** Builds a model by its name; it is not compiled. */
export function createModel(name: ModelName, shape: ModelShape, widths: ModelWidths = {}): LayersModel {
  switch (name) {
    case 'simple-cnn':
      return simpleCnn(shape, widths.simpleCnn ?? rootWidths);
    case 'medium':
      return simpleCnn(shape, mediumWidths);
    case 'resnet-32':
      return resnet32(shape);
    case 'vgg-11':
      return vgg11(shape);
    case 'mlp':
      return mlp(shape, widths.mlp ?? [256, 128]);
  }
}
