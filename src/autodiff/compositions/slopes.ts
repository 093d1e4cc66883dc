import { scalar } from '@tensorflow/tfjs-core';
import type { Composition } from './composition.js';
import { runKernel } from './run-kernel.js';

/*
 * Slopes of the activations of recurrent cells, as functions of the activation's value y. They are no kernels of
 * TensorFlow.js. Under a name of its own a slope is one node on the tape and its derivative one product, where its parts
 * would be three nodes and five; a cell has five of them at each step in time.
 */
export const slopeCompositions: readonly Composition[] = [
  {
    // 1 − y²
    kernel: 'TanhSlope',
    compute: ({ x: y }) => runKernel('Sub', { a: scalar(1), b: runKernel('Square', { x: y! }) }),
  },
  {
    // y − y²
    kernel: 'SigmoidSlope',
    compute: ({ x: y }) => runKernel('Sub', { a: y!, b: runKernel('Square', { x: y! }) }),
  },
];
