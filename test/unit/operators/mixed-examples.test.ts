import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { laplace } from '../../../src/analysis/laplace.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { lossObjective } from '../../../src/objectives/objective.js';
import { gaussNewtonDiagonal } from '../../../src/operators/gauss-newton-diagonal.js';
import { KFACOperator } from '../../../src/operators/kfac.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { materialize } from '../../../src/operators/materialize.js';
import { variableOf } from '../../closed-form.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';
import { dense, normal } from './kfac-case.js';

describe.each(['cpu', 'wasm'] as const)('where examples are mixed, on %s', (backend) => {
  let tensors: number;
  beforeEach(async () => {
    await useBackend(backend);
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  const refusal = new RegExp(
    "expected outputs of each example that depend on that example alone, received examples that .* of layer '.*norm.*' mixes.*" +
      'training: false',
  );

  it('batch normalisation as in training is refused by its name, and taken as in inference', async () => {
    const norm = tfl.layers.batchNormalization({ name: 'the_norm' });
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 3, inputShape: [2] }), norm, dense(1, 'linear', 2)],
    });
    const data = { xs: normal([7, 2], 1), ys: normal([7, 1], 2) };
    const options = { loss: 'meanSquaredError', batchSize: 4 };
    const training = modelObjective(model, data, { ...options, training: true });
    expect(() => gaussNewtonDiagonal(training)).toThrow(refusal);
    expect(() => new KFACOperator(training)).toThrow(refusal);
    expect(() => new KFACOperator(training, { type: 'empirical' })).toThrow(refusal);
    await expect(
      laplace({ model, data, objective: { ...options, training: true } }, { structure: 'kronecker' }),
    ).rejects.toThrow(refusal);
    const diagonal = gaussNewtonDiagonal(modelObjective(model, data, options));
    expect(Math.max(...diagonal.dataSync())).toBeGreaterThan(0);
    tf.dispose([data, diagonal]);
    model.dispose();
  });

  it('what is mixed before it meets a weight is taken', async () => {
    // The examples are mixed before they meet a weight: the Jacobian of each output is that of its own input.
    const norm = tfl.layers.batchNormalization({ inputShape: [2] });
    const model = tfl.sequential({ layers: [norm, dense(3, 'tanh', 1), dense(2, 'linear', 2)] });
    const data = { xs: normal([5, 2], 1), ys: normal([5, 2], 2) };
    const objective = modelObjective(model, data, { loss: 'meanSquaredError', training: true });
    const operator = new GaussNewtonOperator(objective);
    const matrix = await materialize(operator);
    const diagonal = gaussNewtonDiagonal(objective);
    const expected = (await matrix.array()).map((row, i) => row[i]!);
    expect(relativeError(Array.from(diagonal.dataSync()), expected)).toBeLessThan(5e-6);
    operator.dispose();
    tf.dispose([data, matrix, diagonal]);
    model.dispose();
  });

  it.each([
    ['a mean over examples', (z: Tensor) => tf.sub(z, tf.mean(z, 0, true))],
    ['a turn by one place', (z: Tensor) => tf.concat([tf.slice(z, [1, 0]), tf.slice(z, [0, 0], [1, -1])])],
    ['a product of examples', (z: Tensor) => tf.matMul(tf.matMul(z, z, false, true), z)],
  ])('%s is refused', (_, mix) => {
    const [xs, w] = [normal([6, 2], 3), variableOf([0.5, -1])];
    const objective = lossObjective(
      {
        outputs: () => mix(tf.matMul(xs, tf.reshape(w, [2, 1]))),
        loss: (z) => tf.mean(tf.square(z)),
        likelihood: 'gaussian',
      },
      [w],
    );
    expect(() => gaussNewtonDiagonal(objective)).toThrow(/received examples that \w+ mixes/);
    tf.dispose([xs, w]);
  });

  it.each<[string, number, (z: Tensor) => Tensor]>([
    // What leads from one example to another leads in one direction only.
    ['sums of all that follow, of two', 2, (z) => tf.cumsum(z, 0, false, true)],
    ['sums of all before, of two', 2, (z) => tf.cumsum(z, 0)],
    // Rows are times, and in them examples: those of one time are taken for one example.
    ['two examples at the last of two times', 4, (z) => tf.slice(z, [2, 0], [2, -1])],
    ['three examples at the second of three times', 9, (z) => tf.slice(z, [3, 0], [3, -1])],
    ['two examples at the last of three times', 6, (z) => tf.slice(z, [4, 0], [2, -1])],
    // Of many examples one sweep tells.
    ['nine examples, and what precedes each', 9, (z) => tf.cumsum(z, 0)],
    ['nine examples, and what follows each', 9, (z) => tf.cumsum(z, 0, false, true)],
    ['nine examples at the second of two times', 18, (z) => tf.slice(z, [9, 0], [9, -1])],
  ])('%s are refused', (_, rows, mix) => {
    const [xs, w] = [normal([rows, 3], 3), variableOf([0.5, -1, 2])];
    const split = {
      outputs: () => mix(tf.matMul(xs, tf.reshape(w, [3, 1]))),
      loss: (z: Tensor) => tf.mean(tf.square(z)),
      likelihood: 'gaussian' as const,
    };
    const objective = lossObjective(split, [w]);
    expect(() => gaussNewtonDiagonal(objective)).toThrow(/received examples that \w+ mixes/);
    expect(() => new KFACOperator(objective)).toThrow(/received examples that \w+ mixes/);
    tf.dispose([xs, w]);
  });

  it('NaN and infinity in the data mix nothing', () => {
    const [xs, w] = [tf.tensor2d([[NaN], [1], [Infinity]]), variableOf([0.5])];
    const outputs = (): Tensor => tf.tanh(tf.matMul(xs, tf.reshape(w, [1, 1])));
    const objective = lossObjective({ outputs, loss: (z) => tf.mean(tf.square(z)), likelihood: 'gaussian' }, [
      w,
    ]);
    const diagonal = gaussNewtonDiagonal(objective);
    expect(diagonal.dataSync()[0]).toBeNaN();
    tf.dispose([xs, w, diagonal]);
  });
});
