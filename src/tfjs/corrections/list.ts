import { KernelTable } from '../kernels/kernel-table.js';
import type { Correction } from './correction.js';
import { averagePoolingCorrections } from './average-pooling.js';
import { convolutionCorrections } from './convolution.js';
import { cumulationCorrections } from './cumulation.js';
import { einsumCorrections } from './einsum.js';
import { gpuCorrections } from './gpu.js';
import { explicitPaddingCorrections } from './explicit-padding.js';
import { indexingCorrections } from './indexing.js';
import { matrixProductCorrections } from './matrix-product.js';
import { maxPoolingCorrections } from './max-pooling.js';
import { multiplyNoNanCorrections } from './multiply-no-nan.js';
import { normalisationCorrections } from './normalisation.js';
import { preluCorrections } from './prelu.js';
import { resizingCorrections } from './resizing.js';
import { segmentSumCorrections } from './segment-sum.js';
import { sumCorrections } from './sum.js';
import { slopeCorrections } from './slopes.js';
import { windowMaximumCorrections } from './window-maximum.js';

/** Every correction, by the kernel it stands for; none has two. */
export const corrections = new KernelTable<Correction>(
  'correction',
  ...averagePoolingCorrections,
  ...convolutionCorrections,
  ...cumulationCorrections,
  ...einsumCorrections,
  ...gpuCorrections,
  ...explicitPaddingCorrections,
  ...indexingCorrections,
  ...matrixProductCorrections,
  ...maxPoolingCorrections,
  ...multiplyNoNanCorrections,
  ...normalisationCorrections,
  ...preluCorrections,
  ...resizingCorrections,
  ...segmentSumCorrections,
  ...slopeCorrections,
  ...sumCorrections,
  ...windowMaximumCorrections,
);
