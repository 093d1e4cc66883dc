import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import type { Objective } from '../../../src/objectives/objective.js';
import { FisherOperator } from '../../../src/operators/fisher.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { useBackend } from '../../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

const operators: [string, (objective: Objective) => LinearOperator][] = [
  ['HessianOperator', (objective) => new HessianOperator(objective)],
  ['GaussNewtonOperator', (objective) => new GaussNewtonOperator(objective)],
  ...(['exact', 'monteCarlo', 'empirical'] as const).map(
    (type): [string, (objective: Objective) => LinearOperator] => [
      `FisherOperator, ${type}`,
      (objective) => new FisherOperator(objective, { type }),
    ],
  ),
];

it.each(operators)(
  '%s cuts v once and joins the product once, whatever the number of batches',
  async (_, make) => {
    const model = sequential({
      layers: [layers.dense({ units: 4, inputShape: [3], activation: 'tanh' }), layers.dense({ units: 2 })],
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [xs, ys] = [
      tf.randomNormal([12, 3], 0, 1, 'float32', 1),
      tf.randomNormal([12, 2], 0, 1, 'float32', 2),
    ];
    const operator = make(modelObjective(model, { xs, ys }, { batchSize: 3 }));
    const n = operator.size;
    const v = tf.ones([n]) as tf.Tensor1D;
    const { kernels } = await tf.profile(() => operator.matvec(v));
    const touched = (name: string, shapes: 'inputShapes' | 'outputShapes'): number =>
      kernels.filter(
        (kernel) => kernel.name === name && kernel[shapes].some((shape) => String(shape) === `${n}`),
      ).length;
    expect(touched('Slice', 'inputShapes')).toBe(model.trainableWeights.length);
    expect(touched('Concat', 'outputShapes')).toBe(1);
    operator.dispose();
    model.dispose();
    tf.dispose([xs, ys, v]);
  },
);
