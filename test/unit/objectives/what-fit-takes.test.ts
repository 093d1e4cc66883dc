import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelObjectiveOptions, Objective } from '../../../src/index.js';
import {
  FisherOperator,
  GaussNewtonOperator,
  HessianOperator,
  materialize,
  modelObjective,
} from '../../../src/index.js';
import { relativeError } from '../../golden-case.js';
import { useBackend } from '../../wasm-backend.js';

const seeded = (seed: number) => tfl.initializers.glorotUniform({ seed });
const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

let tensors: number;
beforeEach(async () => {
  await useBackend('cpu');
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

/** What `evaluate` says of the loss. */
function evaluated(model: tfl.LayersModel, xs: tf.Tensor, ys: tf.Tensor, batchSize = 32): number {
  return tf.tidy(() => (model.evaluate(xs, ys, { batchSize }) as tf.Scalar).dataSync()[0]!);
}

function lossOf(objective: Objective): number {
  const hessian = new HessianOperator(objective);
  const loss = hessian.loss();
  hessian.dispose();
  return loss;
}

async function matrixOf(
  operator: GaussNewtonOperator | HessianOperator | FisherOperator,
): Promise<Float32Array> {
  const matrix = await Promise.resolve(materialize(operator));
  const values = await matrix.data<'float32'>();
  matrix.dispose();
  operator.dispose();
  return values;
}

function gradientOf(objective: Objective): Float32Array {
  const hessian = new HessianOperator(objective);
  const gradient = hessian.gradient();
  const values = gradient.dataSync<'float32'>();
  tf.dispose(gradient);
  hessian.dispose();
  return values;
}

describe('inputs and targets of one axis', () => {
  it.each([
    ['meanSquaredError', undefined],
    ['binaryCrossentropy', 'sigmoid'],
  ] as const)('are columns: %s', async (loss, activation) => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 3, inputShape: [1], activation: 'tanh', kernelInitializer: seeded(1) }),
        tfl.layers.dense({ units: 1, kernelInitializer: seeded(2), ...(activation && { activation }) }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss });
    const [x, y] = [normal([7], 3), tf.tensor1d([0, 1, 1, 0, 1, 0, 0])];
    const [xs, ys] = [tf.reshape(x, [7, 1]), tf.reshape(y, [7, 1])];
    // Batches of three cut the axis, the last is short.
    const options = { batchSize: 3 };
    const given = await matrixOf(new HessianOperator(modelObjective(model, { xs: x, ys: y }, options)));
    const column = await matrixOf(new HessianOperator(modelObjective(model, { xs, ys }, options)));
    expect(Array.from(given)).toEqual(Array.from(column));
    expect(lossOf(modelObjective(model, { xs: x, ys: y }, options))).toBeCloseTo(evaluated(model, x, y), 6);
    const gaussNewton = (data: { xs: tf.Tensor; ys: tf.Tensor }) =>
      matrixOf(new GaussNewtonOperator(modelObjective(model, data, options)));
    expect(await gaussNewton({ xs: x, ys: y })).toEqual(await gaussNewton({ xs, ys }));
    tf.dispose([x, y, xs, ys]);
    model.dispose();
  });

  it('may be int32, as indices are', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.embedding({ inputDim: 4, outputDim: 2, inputLength: 1, embeddingsInitializer: seeded(4) }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 1, kernelInitializer: seeded(5) }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [tf.tensor1d([0, 3, 1], 'int32'), tf.tensor1d([1, 0, 2], 'int32')];
    expect(lossOf(modelObjective(model, { xs: x, ys: y }))).toBeCloseTo(evaluated(model, x, y), 6);
    tf.dispose([x, y]);
    model.dispose();
  });
});

describe('a model with a fixed batch size', () => {
  it('takes any number of batches, and a short last one as fit does', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({
          units: 3,
          batchInputShape: [4, 2],
          activation: 'tanh',
          kernelInitializer: seeded(1),
        }),
        tfl.layers.dense({ units: 1, kernelInitializer: seeded(2) }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    for (const examples of [8, 6]) {
      const [xs, ys] = [normal([examples, 2], 3), normal([examples, 1], 4)];
      const objective = modelObjective(model, { xs, ys });
      expect(objective.terms.map(({ weight }) => weight * examples)).toEqual([4, examples - 4]);
      expect(lossOf(objective)).toBeCloseTo(evaluated(model, xs, ys, 4), 6);
      tf.dispose([xs, ys]);
    }
    model.dispose();
  });

  const stateful = (layer: 'simpleRNN' | 'lstm'): tfl.Sequential => {
    const options = {
      units: 2,
      batchInputShape: [2, 3, 1],
      stateful: true,
      kernelInitializer: seeded(1),
      recurrentInitializer: seeded(2),
    };
    const model = tfl.sequential({
      layers: [tfl.layers[layer](options), tfl.layers.dense({ units: 1, kernelInitializer: seeded(3) })],
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    return model;
  };

  it.each(['simpleRNN', 'lstm'] as const)(
    'goes on from state to state as evaluate does: %s',
    async (layer) => {
      const model = stateful(layer);
      const [xs, ys] = [normal([6, 3, 1], 4), normal([6, 1], 5)];
      // States that are not zero.
      tf.dispose(model.predict(xs, { batchSize: 2 }));
      const rnn = model.layers[0] as unknown as { states_: tf.Tensor[] };
      const states = rnn.states_.map((state) => state.clone());
      const valuesOf = (list: tf.Tensor[]): number[] => list.flatMap((one) => Array.from(one.dataSync()));
      const evaluateAfresh = (): number => {
        (rnn as unknown as { resetStates(given: tf.Tensor[]): void }).resetStates(states);
        const loss = evaluated(model, xs, ys, 2);
        (rnn as unknown as { resetStates(given: tf.Tensor[]): void }).resetStates(states);
        return loss;
      };
      expect(lossOf(modelObjective(model, { xs, ys }))).toBeCloseTo(evaluateAfresh(), 6);
      expect(valuesOf(rnn.states_)).toEqual(valuesOf(states));

      // The gradient is that of what evaluate answers: central differences of it, by h = 1e-2 good to 1e-3 or so.
      const objective = modelObjective(model, { xs, ys });
      const gradient = gradientOf(objective);
      const theta = objective.parameters.read();
      const values = theta.dataSync<'float32'>();
      const differences = Array.from(values, (_, i) => {
        const [ahead, behind] = [1e-2, -1e-2].map((h) => {
          const moved = tf.tensor1d(values.map((value, j) => (i === j ? value + h : value)));
          objective.parameters.write(moved);
          moved.dispose();
          return evaluateAfresh();
        });
        objective.parameters.write(theta);
        return (ahead! - behind!) / 2e-2;
      });
      expect(relativeError(gradient, differences)).toBeLessThan(5e-3);

      // And the Gauss-Newton matrix of squares by 2/N JᵀJ is what is left of the Hessian without the curvature of z.
      const gaussNewton = await matrixOf(new GaussNewtonOperator(objective));
      const exact = await matrixOf(new FisherOperator(objective, { type: 'exact' }));
      expect(relativeError(gaussNewton, exact)).toBeLessThan(1e-5);
      // tfjs leaves the states of a layer that is disposed.
      tf.dispose([xs, ys, theta, states, rnn.states_]);
      model.dispose();
    },
  );

  it('says which batches a stateful one takes', () => {
    const model = stateful('simpleRNN');
    const [xs, ys] = [normal([5, 3, 1], 4), normal([5, 1], 5)];
    const before = tf.memory().numTensors;
    expect(() => modelObjective(model, { xs, ys })).toThrow(/a multiple of 2 examples/);
    expect(() => modelObjective(model, { xs, ys }, { batchSize: 5 })).toThrow(
      /batchSize 2, which the stateful/,
    );
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([xs, ys]);
    model.dispose();
    // tfjs leaves the states of a layer that is disposed.
    tensors = tf.memory().numTensors;
  });
});

describe('classWeight', () => {
  const make = (loss: string): tfl.Sequential => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 3, inputShape: [2], activation: 'softmax', kernelInitializer: seeded(1) }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss });
    return model;
  };
  /** The first step of SGD in `fit` on all the data is −η times the gradient. */
  const stepOfFit = async (
    model: tfl.LayersModel,
    xs: tf.Tensor,
    ys: tf.Tensor | tf.Tensor[],
    classWeight: object,
  ): Promise<number[]> => {
    const before = model.getWeights().map((weight) => weight.dataSync().slice());
    await model.fit(xs, ys, { epochs: 1, batchSize: 100, verbose: 0, classWeight: classWeight as never });
    const rate = 0.01;
    return model
      .getWeights()
      .flatMap((weight, i) => Array.from(weight.dataSync(), (now, j) => (before[i]![j]! - now) / rate));
  };
  const labels = [0, 2, 1, 2, 2];

  it.each<[string, ModelObjectiveOptions['classWeight']]>([
    ['a list', [1, 2, 5]],
    ['a map', { 0: 1, 1: 2, 2: 5 }],
    ['a list of one map', [{ 0: 1, 1: 2, 2: 5 }]],
  ])('is taken as fit takes it: %s', async (_, classWeight) => {
    for (const loss of ['categoricalCrossentropy', 'sparseCategoricalCrossentropy']) {
      const model = make(loss);
      const xs = normal([5, 2], 3);
      const ys = tf.tidy(() =>
        loss === 'categoricalCrossentropy'
          ? tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 3), 'float32')
          : tf.tensor1d(labels),
      );
      const gradient = gradientOf(
        modelObjective(model, { xs, ys }, { classWeight: classWeight!, batchSize: 2 }),
      );
      const sampleWeight = tf.tensor1d(labels.map((label) => [1, 2, 5][label]!));
      const weighed = modelObjective(model, { xs, ys, sampleWeight });
      const classy = modelObjective(model, { xs, ys }, { classWeight: classWeight! });
      for (const type of ['exact', 'empirical'] as const) {
        const [a, b] = [classy, weighed].map((one) => matrixOf(new FisherOperator(one, { type })));
        expect(relativeError(await a!, await b!)).toBeLessThan(1e-6);
      }
      expect(relativeError(gradient, gradientOf(weighed))).toBeLessThan(1e-6);
      // Differences of weights of size 1 by a rate of 0.01 keep five digits.
      const step = await stepOfFit(model, xs, ys, classWeight as object);
      expect(relativeError(gradient, step)).toBeLessThan(1e-4);
      tf.dispose([xs, ys, sampleWeight]);
      model.dispose();
    }
  });

  it('multiplies sample weights, which may be a column', async () => {
    const model = make('sparseCategoricalCrossentropy');
    const [xs, ys] = [normal([5, 2], 3), tf.tensor1d(labels)];
    const [classWeight, bySample] = [
      [1, 2, 5],
      [3, 1, 4, 1, 0.5],
    ];
    const product = tf.tensor1d(bySample.map((w, i) => w * classWeight[labels[i]!]!));
    const column = tf.tensor2d(bySample, [5, 1]);
    const weighed = modelObjective(model, { xs, ys, sampleWeight: product });
    for (const batchSize of [2, 5]) {
      const both = modelObjective(model, { xs, ys, sampleWeight: column }, { classWeight, batchSize });
      expect(relativeError(gradientOf(both), gradientOf(weighed))).toBeLessThan(1e-6);
      const matrices = [both, weighed].map((one) => matrixOf(new FisherOperator(one, { type: 'empirical' })));
      expect(relativeError(await matrices[0]!, await matrices[1]!)).toBeLessThan(1e-6);
    }
    tf.dispose([xs, ys, product, column]);
    model.dispose();
  });

  it('is one per output, by order or by name', async () => {
    const x = tfl.input({ shape: [2] });
    const head = (name: string, seed: number): tfl.SymbolicTensor =>
      tfl.layers
        .dense({ units: 1, name, activation: 'sigmoid', kernelInitializer: seeded(seed) })
        .apply(x) as never;
    const model = tfl.model({ inputs: x, outputs: [head('left', 1), head('right', 2)] as never });
    const optimizer = tf.train.sgd(0.01);
    model.compile({ optimizer, loss: 'binaryCrossentropy' });
    const xs = normal([4, 2], 3);
    const ys = [tf.tensor2d([[0], [1], [1], [0]]), tf.tensor2d([[1], [1], [0], [1]])];
    const byName = { left: { 0: 1, 1: 3 }, right: { 0: 2, 1: 1 } };
    const gradients = [byName, [byName.left, byName.right]].map((classWeight) =>
      gradientOf(modelObjective(model, { xs, ys }, { classWeight })),
    );
    expect(gradients[1]).toEqual(gradients[0]);
    // One output with weights alone: the other counts as it is.
    const one = gradientOf(modelObjective(model, { xs, ys }, { classWeight: { right: { 0: 2, 1: 1 } } }));
    const same = { left: [1, 1], right: [2, 1] };
    expect(one).toEqual(gradientOf(modelObjective(model, { xs, ys }, { classWeight: same })));
    expect(relativeError(gradients[0]!, await stepOfFit(model, xs, ys, byName))).toBeLessThan(1e-4);
    expect(() => modelObjective(model, { xs, ys }, { classWeight: { 0: 1, 1: 2 } })).toThrow(
      /for each of 2 outputs.*Write \{ 'left': \{ 0: 1, 1: 2 \}, 'right'/,
    );
    tf.dispose([xs, ys]);
    optimizer.dispose();
    model.dispose();
  });

  it('says what it lacks', () => {
    const model = make('sparseCategoricalCrossentropy');
    const [xs, ys] = [normal([5, 2], 3), tf.tensor1d(labels)];
    const refused = (classWeight: unknown) => () =>
      modelObjective(model, { xs, ys }, { classWeight: classWeight as never });
    expect(refused({ 0: 1, 1: 2 })).toThrow(/classWeight for every class in ys, received none for class 2/);
    expect(refused({ 0: 1, 1: 2, 2: NaN })).toThrow(/factors, received 2: NaN/);
    expect(refused({ zero: 1 })).toThrow(/factors, received zero: 1/);
    expect(refused(3)).toThrow(/classWeight as a list or a map .* received 3/);
    tf.dispose([xs, ys]);
    model.dispose();
  });
});

describe('targets of a loss function of the user’s own', () => {
  const logCosh = (ys: tf.Tensor, predicted: tf.Tensor): tf.Tensor => {
    const difference = tf.sub(predicted, ys);
    return tf.mean(tf.log(tf.cosh(difference)));
  };
  const sparse = (ys: tf.Tensor, predicted: tf.Tensor): tf.Tensor => {
    const classes = tf.oneHot(tf.cast(tf.reshape(ys, [-1]), 'int32'), 4);
    return tf.losses.softmaxCrossEntropy(classes, predicted);
  };
  const model = (units: number): tfl.LayersModel =>
    tfl.sequential({ layers: [tfl.layers.dense({ units, inputShape: [3], kernelInitializer: seeded(1) })] });

  it.each([
    [1, [8, 2]],
    [1, [8, 3]],
    [1, [8, 1, 1]],
    [4, [8, 1]],
    [4, [8, 5]],
  ])('with %i outputs, ys of shape %j: what fit refuses is refused', async (units, shape) => {
    const net = model(units);
    net.compile({ optimizer: 'sgd', loss: logCosh });
    const [xs, ys] = [normal([8, 3], 1), normal(shape, 2)];
    await expect(net.fit(xs, ys, { verbose: 0 })).rejects.toThrow();
    expect(() => modelObjective(net, { xs, ys })).toThrow(/expected ys of shape .* write lossObjective/is);
    net.dispose();
    tf.dispose([xs, ys]);
  });

  it('given as an option: class numbers are taken, and what cannot broadcast, and no other shape', () => {
    const [net, one] = [model(4), model(1)];
    const xs = normal([8, 3], 1);
    const numbers = tf.tensor1d([0, 1, 2, 3, 3, 2, 1, 0]);
    const column = tf.reshape(numbers, [8, 1]);
    const losses = [numbers, column].map((ys) => lossOf(modelObjective(net, { xs, ys }, { loss: sparse })));
    expect(losses[0]).toBeCloseTo(losses[1]!, 6);
    const images = normal([8, 7], 2);
    const ofSize = (ys: tf.Tensor, predicted: tf.Tensor): tf.Tensor =>
      tf.square(tf.sub(tf.mean(predicted), tf.mean(ys)));
    expect(lossOf(modelObjective(net, { xs, ys: images }, { loss: ofSize }))).toBeGreaterThan(0);
    for (const [which, ys] of [
      [one, normal([8, 2], 3)],
      [one, normal([8, 1, 1], 3)],
      [net, normal([8, 8, 1], 3)],
    ] as const) {
      expect(() => modelObjective(which, { xs, ys }, { loss: logCosh })).toThrow(/expected ys of shape/);
      ys.dispose();
    }
    net.dispose();
    one.dispose();
    tf.dispose([xs, numbers, column, images]);
  });
});
