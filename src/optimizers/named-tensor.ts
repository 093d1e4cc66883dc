import type { Optimizer } from '@tensorflow/tfjs-core';

/** A tensor with the name it is saved or looked up under, as the optimizers of tfjs exchange them. */
export type NamedTensor = Parameters<Optimizer['setWeights']>[0][number];
