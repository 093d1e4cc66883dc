import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { matrixOf, normal } from './kfac-case.js';

beforeAll(() => useBackend('cpu'));

const inputs = [
  [1, 2],
  [0.5, -1],
  [-2, 0.25],
];

it.each<[string, (objective: Objective) => LinearOperator]>([
  ['GaussNewtonOperator', (objective) => new GaussNewtonOperator(objective)],
  ['FisherOperator', (objective) => new FisherOperator(objective, { type: 'exact' })],
  ['KFACOperator', (objective) => new KFACOperator(objective)],
])('an output that depends on no trainable weight adds nothing to %s', (_, make) => {
  const { numTensors } = tf.memory();
  const input = tfl.input({ shape: [2] });
  const frozen = tfl.layers.dense({ units: 2, trainable: false }).apply(input);
  const trained = tfl.layers.dense({ units: 1 }).apply(input);
  const model = tfl.model({ inputs: input, outputs: [frozen, trained] as tfl.SymbolicTensor[] });
  const [xs, ys] = [tf.tensor2d(inputs), [normal([3, 2], 1), normal([3, 1], 2)]];
  const operator = make(modelObjective(model, { xs, ys }, { loss: 'meanSquaredError' }));
  // The loss of the other is a mean of squares: 2/N Σ (x, 1)(x, 1)ᵀ.
  const rows = inputs.map((x) => [...x, 1]);
  const expected = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => (2 / 3) * rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
  );
  expect(relativeError(matrixOf(operator).flat(), expected.flat())).toBeLessThan(2e-6);
  operator.dispose();
  model.dispose();
  tf.dispose([xs, ys]);
  expect(tf.memory().numTensors).toBe(numTensors);
});
