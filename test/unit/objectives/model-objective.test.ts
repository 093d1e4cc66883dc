import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { checkOperator } from '../../../src/operators/check-operator.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

const seeded = (seed: number) => tfl.initializers.glorotUniform({ seed });
const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Weights of a model, as plain numbers. */
const snapshot = (model: tfl.LayersModel): number[][] =>
  model.getWeights().map((weight) => Array.from(weight.dataSync()));

describe('modelObjective', () => {
  let before: tf.MemoryInfo;

  beforeEach(async () => {
    await useBackend('cpu');
    before = tf.memory();
  });

  afterEach(() => {
    const { numTensors, numBytes } = tf.memory();
    expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes });
  });

  it('weighs batches by their number of examples, so that their size changes nothing', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 4, inputShape: [3], activation: 'tanh', kernelInitializer: seeded(1) }),
        tfl.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: seeded(2) }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const xs = normal([7, 3], 3);
    const ys = tf.tidy(() => tf.cast(tf.oneHot([0, 1, 1, 0, 1, 0, 0], 2), 'float32'));
    const v = normal([model.countParams()], 4) as tf.Tensor1D;
    const results = [7, 3, 1].map((batchSize) => {
      const operator = new HessianOperator(modelObjective(model, { xs, ys }, { batchSize }));
      const gradient = operator.gradient();
      const hv = operator.matvec(v);
      const values = [operator.loss(), ...gradient.dataSync(), ...hv.dataSync()];
      operator.dispose();
      tf.dispose([gradient, hv]);
      return values;
    });
    // A sum of seven in another order.
    expect(relativeError(results[1]!, results[0]!)).toBeLessThan(1e-6);
    expect(relativeError(results[2]!, results[0]!)).toBeLessThan(1e-6);
    const loss = tf.tidy(() => (model.evaluate(xs, ys, { batchSize: 7 }) as tf.Scalar).dataSync()[0]!);
    expect(results[0]![0]).toBeCloseTo(loss, 6);
    tf.dispose([xs, ys, v]);
    model.dispose();
  });

  it('counts the regularisers of a Sequential inside of another, as fit does', async () => {
    const dense = (seed: number, shape: object = {}) =>
      tfl.layers.dense({
        units: 2,
        kernelInitializer: seeded(seed),
        kernelRegularizer: tfl.regularizers.l2({ l2: 0.1 * seed }),
        ...shape,
      });
    const model = tfl.sequential({
      layers: [tfl.sequential({ layers: [dense(1, { inputShape: [3] })] }), dense(2)],
    });
    const optimizer = tf.train.sgd(0);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const [xs, ys] = [normal([5, 3], 3), normal([5, 2], 4)];
    const operator = new HessianOperator(modelObjective(model, { xs, ys }));
    const fitted = await model.fit(xs, ys, { batchSize: 5, epochs: 1, verbose: 0 });
    const loss = tf.tidy(() => (model.evaluate(xs, ys) as tf.Scalar).dataSync()[0]!);
    const penalty = model
      .getWeights()
      .filter(({ rank }) => rank === 2)
      .reduce((sum, kernel, i) => {
        const square = kernel.dataSync<'float32'>().reduce((total, x) => total + x ** 2, 0);
        return sum + 0.1 * (i + 1) * square;
      }, 0);
    expect(operator.loss()).toBeCloseTo(loss + penalty, 5);
    expect(operator.loss()).toBeCloseTo(fitted.history.loss![0] as number, 5);
    operator.dispose();
    optimizer.dispose();
    tf.dispose([xs, ys]);
    model.dispose();
  });

  it('takes several inputs and outputs, by order and by name, with a loss for each', () => {
    const a = tfl.input({ shape: [2], name: 'a' });
    const b = tfl.input({ shape: [3], name: 'b' });
    const joint = tfl.layers.concatenate().apply([a, b]) as tfl.SymbolicTensor;
    const shared = tfl.layers.dense({ units: 3, activation: 'tanh', kernelInitializer: seeded(5) });
    const hidden = shared.apply(joint) as tfl.SymbolicTensor;
    const mean = tfl.layers.dense({ units: 1, name: 'mean', kernelInitializer: seeded(6) }).apply(hidden);
    const kind = tfl.layers
      .dense({ units: 1, name: 'kind', activation: 'sigmoid', kernelInitializer: seeded(7) })
      .apply(hidden);
    const model = tfl.model({ inputs: [a, b], outputs: [mean, kind] as tfl.SymbolicTensor[] });
    const xs = { b: normal([4, 3], 8), a: normal([4, 2], 9) };
    const ys = [normal([4, 1], 10), tf.tensor2d([[0], [1], [1], [0]])];
    const losses = { mean: 'meanSquaredError', kind: 'binaryCrossentropy' };
    model.compile({ optimizer: 'sgd', loss: losses });
    const compiled = new HessianOperator(modelObjective(model, { xs, ys }));
    const asked = new HessianOperator(
      modelObjective(
        model,
        { xs: [xs.a, xs.b], ys: { kind: ys[1]!, mean: ys[0]! } },
        { loss: losses, batchSize: 3 },
      ),
    );
    // tfjs's evaluate answers the running sums of the losses: the last is the total.
    const [, total] = tf.tidy(() =>
      (model.evaluate([xs.a, xs.b], ys) as tf.Scalar[]).map((scalar) => scalar.dataSync()[0]!),
    );
    expect(compiled.loss()).toBeCloseTo(total!, 6);
    expect(asked.loss()).toBeCloseTo(total!, 6);
    compiled.dispose();
    asked.dispose();
    tf.dispose([xs, ys]);
    model.dispose();
  });

  it('multiplies the loss of each example by its sample weight', () => {
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 1, inputShape: [2], useBias: false, kernelInitializer: seeded(1) })],
    });
    const xs = tf.tensor2d([
      [1, 0],
      [0, 1],
    ]);
    const ys = tf.zeros([2, 1]);
    const sampleWeight = tf.tensor1d([3, 5]);
    const operator = new HessianOperator(
      modelObjective(model, { xs, ys, sampleWeight }, { loss: 'meanSquaredError' }),
    );
    const v = tf.tensor1d([1, 1]);
    const hv = operator.matvec(v);
    // L = ½ (3 w₁² + 5 w₂²)
    expect(Array.from(hv.dataSync())).toEqual([3, 5]);
    operator.dispose();
    tf.dispose([xs, ys, sampleWeight, v, hv]);
    model.dispose();
  });

  it('leaves weights, moving averages, RNN states and random state as they were', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.simpleRNN({
          units: 3,
          batchInputShape: [4, 2, 2],
          stateful: true,
          kernelInitializer: seeded(1),
          recurrentInitializer: seeded(2),
        }),
        tfl.layers.batchNormalization(),
        tfl.layers.dropout({ rate: 0.5 }),
        tfl.layers.dense({ units: 1, kernelInitializer: seeded(3) }),
      ],
    });
    const xs = normal([4, 2, 2], 4);
    const ys = normal([4, 1], 5);
    // Moves the state away from zero.
    tf.dispose(model.predict(xs));
    const rnn = model.layers[0] as unknown as { states: tf.Tensor[] };
    const state = Array.from(rnn.states[0]!.dataSync());
    expect(state.some((x) => x !== 0)).toBe(true);
    const weights = snapshot(model);
    const realRandom = Math.random;
    let draws = 0;
    Math.random = () => {
      draws++;
      return realRandom();
    };
    const operator = new HessianOperator(
      modelObjective(model, { xs, ys }, { loss: 'meanSquaredError', training: true }),
      { retain: false },
    );
    const report = await checkOperator(operator);
    expect(report.findings).toEqual([]);
    operator.dispose();
    Math.random = realRandom;
    expect(draws).toBe(0);
    expect(snapshot(model)).toEqual(weights);
    expect(Array.from(rnn.states[0]!.dataSync())).toEqual(state);
    tf.dispose([xs, ys]);
    model.resetStates();
    tf.dispose(rnn.states);
    model.dispose();
  });

  it('names what is wrong with its arguments', () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [2] })] });
    const frozen = tfl.sequential({
      layers: [tfl.layers.dense({ units: 1, inputShape: [2], trainable: false })],
    });
    const xs = tf.zeros([3, 2]);
    const ys = tf.zeros([3, 1]);
    const short = tf.zeros([2, 1]);
    const loss = 'meanSquaredError';
    const cases: [() => unknown, RegExp][] = [
      [() => modelObjective(model, { xs, ys: short }, { loss }), /xs: 3, ys: 2/],
      [() => modelObjective(model, { xs, ys }), /a compiled model, or the option `loss`/],
      [() => modelObjective(model, { xs, ys }, { loss: 'meanSquaredEror' }), /meanSquaredEror/],
      [() => modelObjective(model, { xs, ys }, { loss, batchSize: 0 }), /batchSize.*received 0/],
      [() => modelObjective(model, { xs: [xs, xs], ys }, { loss }), /xs: 1 tensor, received 2/],
      [() => modelObjective(model, undefined as never, { loss }), /data \{xs, ys\}/],
      [() => modelObjective(undefined as never, { xs, ys }), /a LayersModel, received undefined/],
      [() => modelObjective(frozen, { xs, ys }, { loss }), /at least one tf.Variable/],
    ];
    for (const [call, message] of cases) {
      expect(call).toThrow(message);
      expect(call).toThrow(CurvatureArgumentError);
    }
    tf.dispose([xs, ys, short]);
    model.dispose();
    frozen.dispose();
  });
});
