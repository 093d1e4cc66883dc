import { scalar, type Tensor } from '@tensorflow/tfjs-core';
import type { Correction } from './correction.js';
import { runKernel } from '../kernels/run-kernel.js';

/*
 * Slopes of activations that level off, as functions of the argument x: of the value they are 1 − y² and y − y², of which
 * float32 keeps nothing where y rounds to 1. They are no kernels of TensorFlow.js. Under a name of its own a slope is one
 * node on the tape and its derivative one product; a recurrent cell has five of them at each step in time.
 */

const why = 'no kernel of TensorFlow.js';

const scaled = (x: Tensor, factor: number): Tensor => runKernel('Multiply', { a: x, b: scalar(factor) });
const sigmoid = (x: Tensor): Tensor => runKernel('Sigmoid', { x });

export const slopeCorrections: readonly Correction[] = [
  {
    // 1 − tanh² x = 4 u (1 − u) for u = σ(−2|x|) ≤ ½
    kernel: 'tfjs-curvature/TanhSlope',
    why,
    compute: ({ x }) => {
      const u = sigmoid(scaled(runKernel('Abs', { x: x! }), -2));
      return scaled(runKernel('Sub', { a: u, b: runKernel('Square', { x: u }) }), 4);
    },
  },
  {
    // σ(x) σ(−x), where y = σ(x) is known
    kernel: 'tfjs-curvature/SigmoidSlope',
    why,
    compute: ({ x, y }) => runKernel('Multiply', { a: y!, b: sigmoid(scaled(x!, -1)) }),
  },
];
