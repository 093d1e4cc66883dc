import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Objective } from '../../../src/objectives/objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { SeededRandom } from '../../../src/random.js';
import { variableOf } from '../../closed-form.js';

/** A loss whose Hessian is zero, with the variable that it is the Hessian by. */
export interface ZeroHessian {
  readonly objective: Objective;
  readonly variable: tf.Variable;
  dispose(): void;
}

/** A loss of one vector of twelve numbers. */
function ofVector(f: (w: tf.Tensor) => tf.Tensor): () => ZeroHessian {
  return () => {
    const random = new SeededRandom(3);
    const variable = variableOf(Array.from({ length: 12 }, () => random.normal()));
    const objective = lossObjective(() => tf.tidy(() => f(variable) as tf.Scalar), [variable]);
    return { objective, variable, dispose: () => variable.dispose() };
  };
}

function ofModel(
  layers: () => tfl.layers.Layer[],
  classes: number,
  find: (model: tfl.Sequential) => tf.Variable,
): () => ZeroHessian {
  return () => {
    const model = tfl.sequential({ layers: layers() });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const xs = tf.randomNormal([20, 5], 0, 1, 'float32', 5);
    const rows = Array.from({ length: 20 }, (_, i) =>
      Array.from({ length: classes }, (_, j) => Number(i % classes === j)),
    );
    const ys = tf.tensor2d(rows);
    // Batches of one size: GPU backends compile a program for each shape.
    const objective = modelObjective(model, { xs, ys }, { training: true, batchSize: 10 });
    return {
      objective,
      variable: find(model),
      dispose: () => {
        tf.dispose([xs, ys]);
        model.dispose();
      },
    };
  };
}

const glorot = (seed: number) => tfl.initializers.glorotNormal({ seed });
const weight = (model: tfl.Sequential, layer: number, index: number): tf.Variable =>
  model.layers[layer]!.trainableWeights[index]!.read() as tf.Variable;

/** Losses that are constant or linear in the variable: all of the Hessian cancels, to rounding. */
export const zeroHessians: readonly (readonly [name: string, make: () => ZeroHessian])[] = [
  ['sum(log(exp(w)))', ofVector((w) => tf.sum(tf.log(tf.exp(w))))],
  ['sum(log(exp(20 w)))', ofVector((w) => tf.sum(tf.log(tf.exp(tf.mul(w, 20)))))],
  ['sum(softmax(w))', ofVector((w) => tf.sum(tf.softmax(w)))],
  [
    'log of sigmoid over one minus it',
    ofVector((w) => tf.sum(tf.log(tf.div(tf.sigmoid(w), tf.sub(1, tf.sigmoid(w)))))),
  ],
  ['cosh² − sinh²', ofVector((w) => tf.sum(tf.sub(tf.square(tf.cosh(w)), tf.square(tf.sinh(w)))))],
  [
    'one softmax unit',
    ofModel(
      () => [
        tfl.layers.dense({ units: 1, inputShape: [5], activation: 'softmax', kernelInitializer: glorot(1) }),
      ],
      1,
      (model) => weight(model, 0, 0),
    ),
  ],
  [
    'the bias before a batch normalisation',
    ofModel(
      () => [
        tfl.layers.dense({ units: 8, inputShape: [5], kernelInitializer: glorot(1) }),
        tfl.layers.batchNormalization(),
        tfl.layers.activation({ activation: 'tanh' }),
        tfl.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: glorot(2) }),
      ],
      3,
      (model) => weight(model, 0, 1),
    ),
  ],
];
