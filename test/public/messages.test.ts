import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  distanceTravelled,
  subset,
  checkOperator,
  CurvatureArgumentError,
  curvatureMonitor,
  diagonal,
  FisherOperator,
  frobeniusNorm,
  functionTimesVector,
  gaussNewtonDiagonal,
  gradientAlignment,
  HessianOperator,
  influence,
  interiorEigenpairs,
  JacobianOperator,
  laplace,
  lanczos,
  linearize,
  lossObjective,
  matrixOperator,
  minres,
  modelObjective,
  NSGD,
  ParameterSpace,
  powerIteration,
  refreshDirections,
  saveEigenResult,
  solve,
  spectralDensity,
  spectralNorm,
  trace,
  traceOfFunction,
} from '../../src/index.js';
import type { Objective } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';

// What people write who come from fit, from tf.train or from another framework, and what they are told to write
// instead.

let model: tfl.LayersModel;
let classifier: tfl.LayersModel;
let owned: { dispose(): void }[];
let xs: tf.Tensor;
let ys: tf.Tensor;
let oneHot: tf.Tensor;
let classes: tf.Tensor;
let classes32: tf.Tensor;
let classColumn: tf.Tensor;
let w: tf.Variable;
let vector: tf.Tensor1D;
let matrix: tf.Tensor2D;
let column: tf.Tensor;
let objective: Objective;
let hessian: HessianOperator;
let nsgd: NSGD;
let tensors: number;

beforeAll(() => useBackend('cpu'));

beforeEach(() => {
  model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  classifier = tfl.sequential({
    layers: [tfl.layers.dense({ units: 3, inputShape: [3], activation: 'softmax' })],
  });
  classifier.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  [xs, ys, classes, vector, matrix] = [
    tf.ones([4, 3]),
    tf.ones([4, 2]),
    tf.tensor1d([0, 1, 2, 0]),
    tf.ones([2]),
    tf.eye(2),
  ];
  classes32 = tf.cast(classes, 'int32');
  classColumn = tf.reshape(classes, [4, 1]);
  oneHot = tf.tidy(() => tf.cast(tf.oneHot(classes32 as tf.Tensor1D, 3), 'float32'));
  column = tf.ones([2, 1]);
  w = tf.variable(tf.tensor1d([1, 2]), true, 'messages/w');
  objective = lossObjective(loss, [w]);
  hessian = new HessianOperator(objective);
  nsgd = new NSGD({ learningRate: 0.1, k: 1 });
  owned = [
    model,
    classifier,
    xs,
    ys,
    classes,
    classes32,
    classColumn,
    oneHot,
    w,
    vector,
    matrix,
    column,
    hessian,
    nsgd,
  ];
  tensors = tf.memory().numTensors;
});

afterEach(() => {
  const { numTensors } = tf.memory();
  for (const one of owned) one.dispose();
  expect(numTensors).toBe(tensors);
});

function loss(): tf.Scalar {
  return tf.sum(tf.square(w));
}

/** Looks as the Dataset of tf.data does. */
const dataset = { size: 4, iterator: () => Promise.resolve(), forEachAsync: () => Promise.resolve() };
/** Looks as what tf.loadGraphModel gives. */
const graphModel = { modelVersion: '1', weights: {}, predict: () => undefined, execute: () => undefined };
/** Looks as tf.train.sgd and its kin do. */
const otherOptimizer = { minimize: () => null, applyGradients: () => undefined };
const answer = Promise.resolve();

const mistakes: [string, (...args: never[]) => unknown, string][] = [
  [
    'fit’s own order',
    () => modelObjective(model, xs as never, ys as never),
    'modelObjective(model, { xs, ys })',
  ],
  [
    'a list for the data',
    () => modelObjective(model, [xs, ys] as never),
    'modelObjective(model, { xs, ys })',
  ],
  ['no data', () => modelObjective(model, undefined as never), 'modelObjective(model, { xs, ys })'],
  ['{ x, y }', () => modelObjective(model, { x: xs, y: ys } as never), '"x" (did you mean xs?)'],
  ['{ xs, y }', () => modelObjective(model, { xs, y: ys } as never), '"y" (did you mean ys?)'],
  ['{ xs, labels }', () => modelObjective(model, { xs, labels: ys } as never), '(did you mean ys?)'],
  [
    'a Dataset as data',
    () => modelObjective(model, dataset as never),
    'await modelObjectiveFromDataset(model, dataset)',
  ],
  [
    'a Dataset as xs',
    () => modelObjective(model, { xs: dataset as never, ys }),
    'await modelObjectiveFromDataset(model, dataset)',
  ],
  [
    'a Dataset to measure on',
    () => gradientAlignment({ model, data: dataset as never }),
    'await modelObjectiveFromDataset(model, dataset)',
  ],
  [
    'options among the data',
    () => modelObjective(model, { xs, ys, batchSize: 2 } as never),
    'modelObjective(model, data, { batchSize })',
  ],
  [
    'data among the options',
    () => modelObjective(model, { xs, ys }, { sampleWeight: classes } as never),
    'modelObjective(model, { xs, ys, sampleWeight })',
  ],
  [
    'a tensor for options',
    () => modelObjective(model, { xs, ys }, classes as never),
    'an object {batchSize,',
  ],
  ['the data first', () => modelObjective({ xs, ys } as never, model as never), 'the model first'],
  ['arrays for xs', () => modelObjective(model, { xs: [[1, 2, 3]] as never, ys }), 'tf.tensor(values)'],
  [
    'a typed array for xs',
    () => modelObjective(model, { xs: new Float32Array(3) as never, ys }),
    'tf.tensor(values)',
  ],
  ['arrays for ys', () => modelObjective(model, { xs, ys: [[1, 2]] as never }), 'tf.tensor(values)'],
  [
    'an array in a list',
    () => modelObjective(model, { xs: [[[1, 2, 3]]] as never, ys }),
    'tf.tensor(values)',
  ],
  [
    'an array for sampleWeight',
    () => modelObjective(model, { xs, ys, sampleWeight: [1, 1, 1, 1] as never }),
    'tf.tensor(values)',
  ],
  ['a promise for xs', () => modelObjective(model, { xs: answer as never, ys }), 'put await before'],
  [
    'trainableWeights for variables',
    () => lossObjective(loss, model.trainableWeights as never),
    'model.trainableWeights.map((weight) => weight.read())',
  ],
  ['a model for variables', () => linearize(loss, model as never), 'model.trainableWeights.map('],
  ['one variable for a list', () => lossObjective(loss, w as never), '[variable]'],
  ['one variable, linearized', () => linearize(loss, w as never), '[variable]'],
  ['one variable as parameters', () => new ParameterSpace(w as never), '[variable]'],
  ['variables by name', () => lossObjective(loss, { w } as never), 'Object.values(variables)'],
  ['a tensor for a variable', () => lossObjective(loss, [vector as never]), 'tf.variable(tensor)'],
  ['numbers for variables', () => lossObjective(loss, [1, 2] as never), 'tf.variable(tf.tensor(values))'],
  [
    'a loss already computed',
    () => lossObjective(vector as never, [w]),
    'lossObjective(() => loss, variables)',
  ],
  ['a model for a loss', () => lossObjective(model as never, [w]), 'modelObjective(model, { xs, ys })'],
  ['int32 labels', () => modelObjective(classifier, { xs, ys: classes32 }), "tf.cast(ys, 'float32')"],
  [
    'one-hot labels with a sparse loss',
    () => modelObjective(classifier, { xs, ys: oneHot }),
    "'categoricalCrossentropy'",
  ],
  [
    'class numbers with the other',
    () => modelObjective(classifier, { xs, ys: classes }, { loss: 'categoricalCrossentropy' }),
    "tf.oneHot(tf.cast(ys, 'int32'), 3)",
  ],
  [
    'a column of them',
    () => modelObjective(classifier, { xs, ys: classColumn }, { loss: 'categoricalCrossentropy' }),
    "with tf.cast(ys, 'float32'), or write tf.oneHot(tf.cast(tf.squeeze(ys, [-1]), 'int32'), 3)",
  ],
  ['a Dataset for data', () => modelObjective(model, dataset as never), 'received Dataset'],
  ['{ lr }', () => new NSGD({ lr: 0.1 } as never), 'did you mean learningRate?'],
  ['{ nesterov }', () => new NSGD({ learningRate: 1, nesterov: true } as never), 'did you mean useNesterov?'],
  [
    '{ weight_decay }',
    () => new NSGD({ learningRate: 1, weight_decay: 0 } as never),
    'did you mean weightDecay?',
  ],
  ['{ learning_rate }', () => new NSGD({ learning_rate: 1 } as never), 'did you mean learningRate?'],
  ['the learning rate alone', () => new NSGD(0.05 as never), 'new NSGD({ learningRate: 0.05 })'],
  ['no learning rate', () => new NSGD(undefined as never), 'new NSGD({ learningRate: 0.01 })'],
  ['{ maxIter }', () => solve(hessian, vector, { maxIter: 9 } as never), 'did you mean maxIterations?'],
  ['{ maxIter } of lanczos', () => lanczos(hessian, { maxIter: 9 } as never), 'did you mean maxRestarts?'],
  ['{ eps }', () => lanczos(hessian, { eps: 1e-3 } as never), 'did you mean tol?'],
  ['{ rtol }', () => minres(hessian, vector, { rtol: 1e-3 } as never), 'did you mean tol?'],
  ['{ x0 }', () => solve(hessian, vector, { x0: vector } as never), 'did you mean initial?'],
  ['{ num_eigenthings }', () => lanczos(hessian, { num_eigenthings: 2 } as never), 'did you mean k?'],
  ['{ n_components }', () => powerIteration(hessian, { n_components: 2 } as never), 'did you mean k?'],
  [
    '{ batch_size }',
    () => modelObjective(model, { xs, ys }, { batch_size: 2 } as never),
    'did you mean batchSize?',
  ],
  ['{ max_iter }', () => powerIteration(hessian, { max_iter: 2 } as never), 'did you mean maxIterations?'],
  [
    'a misspelt loss',
    () => modelObjective(model, { xs, ys }, { loss: 'meanSquareError' }),
    'did you mean meanSquaredError?',
  ],
  [
    'a metric for a loss',
    () => modelObjective(model, { xs, ys }, { loss: 'mse' }),
    'did you mean meanSquaredError?',
  ],
  [
    'a loss of Keras',
    () => modelObjective(classifier, { xs, ys: oneHot }, { loss: 'categorical_crossentropy' }),
    'did you mean categoricalCrossentropy?',
  ],
  ['no loss that is known', () => modelObjective(model, { xs, ys }, { loss: 'zzz' }), '(meanSquaredError, '],
  ['no type of Fisher', () => new FisherOperator(objective, undefined as never), "{ type: 'exact' }"],
  ['the type alone', () => new FisherOperator(objective, { type: 'true' as never }), "{ type: 'exact' }"],
  [
    'a model for an objective',
    () => new HessianOperator(model as never),
    'modelObjective(model, { xs, ys })',
  ],
  ['a loss for an objective', () => new HessianOperator(loss as never), 'lossObjective(loss, variables)'],
  ['a promise for an objective', () => new HessianOperator(answer as never), 'put await before'],
  ['a model to watch', () => curvatureMonitor(model as never), 'modelObjective(model, { xs, ys })'],
  ['an objective for an operator', () => lanczos(objective as never), 'new HessianOperator(objective)'],
  [
    'a model for an operator',
    () => trace(model as never),
    'new HessianOperator(modelObjective(model, { xs, ys }))',
  ],
  ['a matrix for an operator', () => diagonal(matrix as never), 'matrixOperator(matrix)'],
  ['rows for an operator', () => solve([[1]] as never, vector), 'matrixOperator(tf.tensor2d(rows))'],
  [
    'an operator for an objective',
    () => new HessianOperator(hessian as never),
    'the objective that the operator',
  ],
  ['numbers for a vector', () => hessian.matvec([1, 2] as never), 'tf.tensor1d(values)'],
  ['a column for a vector', () => hessian.matvec(column as never), 'tf.reshape(vector, [-1])'],
  ['tensors for a vector', () => solve(hessian, [vector] as never), 'parameters.flatten(tensors)'],
  [
    'the arguments swapped',
    () => refreshDirections(objective as never, nsgd as never),
    'refreshDirections(nsgd, objective)',
  ],
  ['another optimizer', () => refreshDirections(otherOptimizer as never, objective), 'Take an NSGD'],
  [
    'a result for directions',
    () => nsgd.setDirections({ eigenvalues: [], eigenvectors: matrix } as never),
    'nsgd.setDirections(result.eigenvectors',
  ],
  ['a GraphModel', () => modelObjective(graphModel as never, { xs, ys }), 'graphModel.weights'],
  ['a GraphModel for an objective', () => new HessianOperator(graphModel as never), 'tf.loadLayersModel'],
  [
    'a Jacobian for a symmetric operator',
    () => withJacobian((jacobian) => lanczos(jacobian as never)),
    'svd(operator) for singular values, or tangentKernel(operator)',
  ],
  ['data for the inputs', () => new JacobianOperator(model, { xs, ys } as never), 'give the tensor itself'],
  [
    'an objective for a model',
    () => new JacobianOperator(objective as never, xs as never),
    'the model that the objective was made of',
  ],
  [
    'a function for a preconditioner',
    () => solve(hessian, vector, { preconditioner: ((v: tf.Tensor) => v) as never }),
    'write { size, matvec, dispose }',
  ],
  [
    'a tensor for test data',
    () => influence({ model, data: { xs, ys } as never }, { test: xs as never }),
    'influence test: expected data {xs, ys}',
  ],
  [
    'a loss of one’s own where its likelihood counts',
    () => {
      const own = (y: tf.Tensor, z: tf.Tensor): tf.Tensor => tf.mean(tf.square(tf.sub(y, z)));
      return gaussNewtonDiagonal(modelObjective(model, { xs, ys }, { loss: own }));
    },
    'lossObjective({ outputs, loss, likelihood }, variables)',
  ],
  ['{ sigma }', () => interiorEigenpairs(hessian, { sigma: 1 } as never), 'did you mean near?'],
  [
    '{ damping } of laplace',
    () => laplace({ model, data: { xs, ys } as never }, { damping: 1 } as never),
    'did you mean priorPrecision?',
  ],
  [
    'a function of tensors on a spectrum',
    () => functionTimesVector(hessian, () => vector as never, vector),
    'functionTimesVector: expected a function that returns a number, received tensor',
  ],
  [
    'a function of tensors in a trace',
    () => traceOfFunction(hessian, () => vector as never),
    'Math.exp in place of tf.exp',
  ],
  ['a result not awaited', () => saveEigenResult(answer as never), 'Promise'],
];

async function withJacobian(use: (jacobian: JacobianOperator) => unknown): Promise<void> {
  const jacobian = new JacobianOperator(model, xs);
  try {
    await use(jacobian);
  } finally {
    jacobian.dispose();
  }
}

async function messageOf(call: () => unknown): Promise<string> {
  const error: unknown = await Promise.resolve()
    .then(call)
    .then(
      () => new Error('no error'),
      (reason: unknown) => reason,
    );
  expect(error, String(error)).toBeInstanceOf(CurvatureArgumentError);
  return (error as Error).message;
}

it.each(mistakes)('%s', async (_, call, remedy) => {
  expect(await messageOf(call as () => unknown)).toContain(remedy);
});

it('names trainable where all layers of a model are frozen', async () => {
  for (const layer of model.layers) layer.trainable = false;
  expect(await messageOf(() => modelObjective(model, { xs, ys }))).toContain('Set trainable = true');
});

it.each<[string, (o: HessianOperator) => Promise<unknown>]>([
  ['lanczos', (o) => lanczos(o)],
  ['powerIteration', (o) => powerIteration(o)],
  ['solve', (o) => solve(o, tf.ones([2]))],
  ['minres', (o) => minres(o, tf.ones([2]))],
  ['trace', (o) => trace(o)],
  ['diagonal', (o) => diagonal(o)],
  ['spectralDensity', (o) => spectralDensity(o)],
  ['spectralNorm', (o) => spectralNorm(o)],
  ['frobeniusNorm', (o) => frobeniusNorm(o)],
  ['checkOperator', (o) => checkOperator(o)],
])('%s inside tf.tidy', async (name, run) => {
  let answered: Promise<unknown> | null = null;
  const message = await messageOf(() => {
    tf.tidy(() => {
      answered = run(hessian);
    });
    return answered;
  });
  expect(message).toContain(`const result = await ${name}(…) outside`);
});

it('lets solvers run between startScope and endScope', async () => {
  const engine = tf.engine();
  engine.startScope();
  const { eigenvalues, dispose } = await lanczos(hessian, { k: 1 });
  expect(eigenvalues[0]).toBeCloseTo(2, 5);
  dispose();
  engine.endScope();
});

it('tells of data that was disposed before the operator linearizes', async () => {
  const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];
  const late = modelObjective(model, { xs: x, ys: y });
  y.dispose();
  expect(await messageOf(() => new HessianOperator(late))).toContain('Dispose the data after the operators');
  x.dispose();
});

it('tells of a model, or a variable, that was disposed', async () => {
  const lost = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
  const late = modelObjective(lost, { xs, ys }, { loss: 'meanSquaredError' });
  const monitor = curvatureMonitor(late);
  lost.dispose();
  const remedy = 'Dispose variables and models after what uses them';
  expect(await messageOf(() => new HessianOperator(late))).toContain(remedy);
  expect(await messageOf(() => monitor.measure())).toContain(remedy);
  const v = tf.tidy(() => tf.variable(tf.scalar(1)));
  const custom = lossObjective(() => tf.square(v), [v]);
  v.dispose();
  expect(await messageOf(() => new HessianOperator(custom))).toContain(remedy);
});

it('tells of a model that was disposed before, and of one without layers', async () => {
  const lost = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
  lost.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  lost.dispose();
  const remedy = 'Dispose variables and models after what uses them';
  expect(await messageOf(() => modelObjective(lost, { xs, ys }))).toContain(remedy);
  expect(await messageOf(() => distanceTravelled(lost))).toContain(remedy);
  expect(await messageOf(() => subset(hessian, lost.layers[0]!))).toContain(remedy);
  const empty = tfl.sequential();
  expect(await messageOf(() => modelObjective(empty, { xs, ys }))).toMatch(
    /a model with layers, received a Sequential without any. Add layers/,
  );
});

it('takes a matrix operator for what it is', () => {
  const operator = matrixOperator(matrix);
  expect(operator.size).toBe(2);
  operator.dispose();
});
