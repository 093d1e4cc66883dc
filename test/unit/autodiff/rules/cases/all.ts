import type { OpCase } from '../op-case.js';
import { activationCases } from './activations.js';
import { arithmeticCases } from './arithmetic.js';
import { convolutionCases } from './convolution.js';
import { elementaryCases } from './elementary.js';
import { indexingCases } from './indexing.js';
import { poolingCases } from './pooling.js';
import { productCases } from './products.js';
import { rearrangementCases } from './rearrangement.js';
import { reductionCases } from './reductions.js';

/** Every op whose derivatives are checked by differences. */
export const opCases: readonly OpCase[] = [
  ...activationCases,
  ...arithmeticCases,
  ...convolutionCases,
  ...elementaryCases,
  ...indexingCases,
  ...poolingCases,
  ...productCases,
  ...rearrangementCases,
  ...reductionCases,
];
