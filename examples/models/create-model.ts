import type { LayersModel } from '@tensorflow/tfjs-layers';
import { mlp } from './mlp.js';
import type { ModelShape, ModelWidths } from './model-shape.js';
import { fullWidths, shareOf } from './model-shape.js';
import { resnet32 } from './resnet-32.js';
import type { SimpleCnnWidths } from './simple-cnn.js';
import { mediumWidths, rootWidths, simpleCnn } from './simple-cnn.js';
import { vgg11 } from './vgg-11.js';

/** Models that are known by name. */
export const modelNames = ['simple-cnn', 'medium', 'resnet-32', 'vgg-11', 'mlp'] as const;

export type ModelName = (typeof modelNames)[number];

/** Models of texts. */
export type TextModelName = 'text-cnn' | 'word-lstm';

/** Units of the hidden layers of the MLP. */
const mlpUnits = [256, 128];

/** Builds a model by its name; it is not compiled. */
export function createModel(
  name: ModelName,
  shape: ModelShape,
  widths: ModelWidths = fullWidths,
): LayersModel {
  switch (name) {
    case 'simple-cnn':
      return simpleCnn(shape, simpleCnnShare(rootWidths, widths));
    case 'medium':
      return simpleCnn(shape, simpleCnnShare(mediumWidths, widths));
    case 'resnet-32':
      return resnet32(shape, widths);
    case 'vgg-11':
      return vgg11(shape, widths);
    case 'mlp':
      return mlp(
        shape,
        mlpUnits.map((units) => shareOf(units, widths.hidden)),
      );
  }
}

function simpleCnnShare(full: SimpleCnnWidths, { filters, hidden }: ModelWidths): SimpleCnnWidths {
  return { ...full, filters: shareOf(full.filters, filters), hidden: shareOf(full.hidden, hidden) };
}
