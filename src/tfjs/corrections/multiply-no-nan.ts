import { scalar } from '@tensorflow/tfjs-core';
import { equal, mul, select } from '../kernels/kernel-ops.js';
import type { Correction } from './correction.js';

export const multiplyNoNanCorrections: readonly Correction[] = [
  {
    kernel: 'tfjs-curvature/MultiplyNoNan',
    why: 'no kernel of TensorFlow.js',
    compute: ({ a, b }) => select(equal(b!, scalar(0)), b!, mul(a!, b!)),
  },
];
