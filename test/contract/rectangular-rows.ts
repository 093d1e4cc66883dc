import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { JacobianOperator } from '../../src/operators/jacobian-operator.js';
import type { RectangularOperator } from '../../src/operators/rectangular-operator.js';
import { variableOf } from '../closed-form.js';

/** A rectangular operator, and what is known of it. */
export interface RectangularSpecimen {
  readonly operator: RectangularOperator;
  /** Its matrix in double precision. */
  readonly matrix: readonly (readonly number[])[];
  /** What it was made of and leaves to its owner. */
  readonly parts: readonly { dispose(): void }[];
}

/** A new rectangular operator is a new row. */
export interface RectangularRow {
  readonly name: string;
  readonly make: () => RectangularSpecimen;
}

const inputs = [
  [1, 0.5, -1],
  [0.25, -2, 1],
  [-1, 1, 0.5],
  [2, 0, 1],
];

/** All rectangular operators. */
export const rectangularRows: readonly RectangularRow[] = [
  {
    name: 'JacobianOperator of a linear model',
    make: () => {
      const layers = [tfl.layers.dense({ units: 2, inputShape: [3], useBias: false })];
      const model = tfl.sequential({ layers });
      const xs = tf.tensor2d(inputs);
      const matrix = inputs.flatMap((x) => [
        x.flatMap((value) => [value, 0]),
        x.flatMap((value) => [0, value]),
      ]);
      const dispose = (): void => void model.dispose();
      return {
        operator: new JacobianOperator(model, xs, { batchSize: 3 }),
        matrix,
        parts: [xs, { dispose }],
      };
    },
  },
  {
    name: 'JacobianOperator of a function',
    make: () => {
      const w = variableOf([0.5, -1, 2]);
      const outputs = (): tf.Tensor => tf.stack([tf.sum(tf.square(w)), tf.sum(tf.mul(w, tf.square(w)))]);
      return {
        operator: new JacobianOperator(outputs, [w]),
        matrix: [
          [1, -2, 4],
          [0.75, 3, 12],
        ],
        parts: [w],
      };
    },
  },
];
