import { averagePoolingCompositions } from './average-pooling.js';
import { convolutionCompositions } from './convolution.js';
import { convolution3dCompositions } from './convolution-3d.js';
import { gpuCompositions } from './gpu.js';
import { explicitPaddingCompositions } from './explicit-padding.js';
import { indexingCompositions } from './indexing.js';
import { matrixProductCompositions } from './matrix-product.js';
import { maxPoolingCompositions } from './max-pooling.js';
import { normalisationCompositions } from './normalisation.js';
import { preluCompositions } from './prelu.js';
import { resizingCompositions } from './resizing.js';
import { segmentSumCompositions } from './segment-sum.js';
import { sumCompositions } from './sum.js';
import { slopeCompositions } from './slopes.js';
import { addCompositions } from './table.js';
import { windowMaximumCompositions } from './window-maximum.js';

addCompositions(
  ...averagePoolingCompositions,
  ...convolutionCompositions,
  ...convolution3dCompositions,
  ...gpuCompositions,
  ...explicitPaddingCompositions,
  ...indexingCompositions,
  ...matrixProductCompositions,
  ...maxPoolingCompositions,
  ...normalisationCompositions,
  ...preluCompositions,
  ...resizingCompositions,
  ...segmentSumCompositions,
  ...slopeCompositions,
  ...sumCompositions,
  ...windowMaximumCompositions,
);
