import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  blocks,
  checkOperator,
  conditionNumber,
  CurvatureArgumentError,
  curvatureMonitor,
  deflated,
  diagonal,
  escapeAblation,
  FisherOperator,
  frobeniusNorm,
  gaussNewtonDiagonal,
  GaussNewtonOperator,
  KFACOperator,
  gradientAlignment,
  HessianOperator,
  lanczos,
  linearize,
  loadEigenResult,
  influence,
  interiorEigenpairs,
  classStructure,
  laplace,
  layerReport,
  lossCrossSection,
  lossSurface,
  lossObjective,
  materialize,
  matrixOperator,
  minres,
  modelObjective,
  noiseGrid,
  NSGD,
  lobpcg,
  powerIteration,
  projected,
  refreshDirections,
  register,
  saveEigenResult,
  scaled,
  shifted,
  solve,
  spectralDensity,
  spectralNorm,
  stepDecomposition,
  subset,
  sum,
  trace,
} from '../../src/index.js';
import type { LinearOperator, ModelObjectiveOptions, Objective } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';

beforeAll(() => useBackend('cpu'));

let kept: { dispose(): void }[];
let tensors: number;
let unit: tf.Tensor2D;
let matrix: LinearOperator;
let variable: tf.Variable;
let model: tfl.LayersModel;
let xs: tf.Tensor;
let ys: tf.Tensor;
let gone: tf.Tensor;
let vector: tf.Tensor1D;
let optimizer: NSGD;
const nothing = undefined as never;

beforeEach(() => {
  unit = tf.eye(2);
  matrix = matrixOperator(unit);
  variable = tf.variable(tf.tensor1d([1, 2]), true, 'bad-objects/w');
  model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [3] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  [xs, ys, vector, gone] = [tf.ones([4, 3]), tf.ones([4, 2]), tf.ones([2]), tf.ones([2, 2])];
  gone.dispose();
  optimizer = new NSGD({ learningRate: 0.1, k: 1, refreshEvery: 0 });
  kept = [unit, matrix, variable, xs, ys, vector, optimizer];
  tensors = tf.memory().numTensors;
});

afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
  for (const one of kept) one.dispose();
  model.dispose();
});

async function refusal(call: () => unknown): Promise<string> {
  const error: unknown = await Promise.resolve()
    .then(call)
    .then(
      () => new Error('no error'),
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(CurvatureArgumentError);
  return (error as Error).message;
}

/** Every function that takes an operator. */
const operatorDoors: [string, (operator: never) => unknown][] = [
  ['lanczos', (o) => lanczos(o)],
  ['powerIteration', (o) => powerIteration(o)],
  ['lobpcg', (o) => lobpcg(o)],
  ['interiorEigenpairs', (o) => interiorEigenpairs(o)],
  ['solve', (o) => solve(o, vector)],
  ['solve preconditioner', (o) => solve(matrix, vector, { preconditioner: o ?? (3 as never) })],
  ['minres', (o) => minres(o, vector)],
  ['trace', (o) => trace(o)],
  ['diagonal', (o) => diagonal(o)],
  ['frobeniusNorm', (o) => frobeniusNorm(o)],
  ['spectralNorm', (o) => spectralNorm(o)],
  ['spectralDensity', (o) => spectralDensity(o)],
  ['conditionNumber', (o) => conditionNumber(o)],
  ['checkOperator', (o) => checkOperator(o)],
  ['materialize', (o) => materialize(o)],
  ['sum', (o) => sum(o)],
  ['scaled', (o) => scaled(o, 2)],
  ['shifted', (o) => shifted(o, 1)],
  ['deflated', (o) => deflated(o, { eigenvalues: [1], eigenvectors: unit })],
  ['projected', (o) => projected(o, unit)],
  ['subset', (o) => subset(o, [variable])],
  ['blocks', (o) => blocks(o)],
];

describe.each(operatorDoors)('%s', (where, call) => {
  it('wants a linear operator', async () => {
    const things = [undefined, null, 3, 'x', [matrix], vector, model, { size: 2 }, { matvec: 1, size: 2 }];
    for (const thing of things) {
      const message = await refusal(() => call(thing as never));
      expect(message).toMatch(new RegExp(`^${where}: expected a linear operator \\{size, matvec`));
    }
  });

  it('wants it to have a size', async () => {
    for (const size of [undefined, 0, -1, 1.5, NaN, '2']) {
      const message = await refusal(() => call({ size, matvec: (v: tf.Tensor) => v.clone() } as never));
      expect(message).toMatch(new RegExp(`^${where}: expected a linear operator of size >= 1, received`));
    }
  });
});

const objectiveDoors: [string, (objective: Objective) => unknown][] = [
  ['HessianOperator', (o) => new HessianOperator(o)],
  ['GaussNewtonOperator', (o) => new GaussNewtonOperator(o)],
  ['gaussNewtonDiagonal', (o) => gaussNewtonDiagonal(o)],
  ['FisherOperator', (o) => new FisherOperator(o, { type: 'exact' })],
  ['KFACOperator', (o) => new KFACOperator(o)],
  ['curvatureMonitor', (o) => curvatureMonitor(o)],
  ['refreshDirections', (o) => refreshDirections(optimizer, o)],
];

it.each(objectiveDoors)('%s wants an objective', async (where, call) => {
  for (const thing of [undefined, null, 'x', {}, model, { terms: [] }]) {
    const message = await refusal(() => call(thing as never));
    expect(message).toMatch(
      new RegExp(`^${where}: expected an objective \\(modelObjective or lossObjective\\)`),
    );
  }
});

it.each<[string, (target: never) => unknown]>([
  ['stepDecomposition', (o) => stepDecomposition(o, { learningRate: 1 })],
  ['gradientAlignment', (o) => gradientAlignment(o)],
  ['lossCrossSection', (o) => lossCrossSection(o, { scale: 1 })],
  ['escapeAblation', (o) => escapeAblation(o, { learningRate: 1 })],
  ['lossSurface', (o) => lossSurface(o, { plane: 'random', extent: 1 })],
  ['laplace', (o) => laplace(o)],
  ['classStructure', (o) => classStructure(o)],
  ['layerReport', (o) => layerReport(o)],
  ['influence', (o) => influence(o, { test: { xs, ys } })],
  ['noiseGrid', (o) => noiseGrid(o, { learningRates: [1], batchSizes: [1], steps: 1 })],
])('%s wants a target', async (where, call) => {
  for (const thing of [undefined, null, 'x', {}, model]) {
    expect(await refusal(() => call(thing as never))).toMatch(new RegExp(`^${where}: expected a target`));
  }
});

const others: [string, () => unknown, RegExp | string][] = [
  [
    'deflated by eigenvalues in words',
    () => deflated(matrix, { eigenvalues: ['1', '2'] as never, eigenvectors: unit }),
    'deflated: expected eigenvalues that are numbers, received ["1","2"]',
  ],
  ['deflated without pairs', () => deflated(matrix, nothing), /^deflated: expected pairs/],
  [
    'a sum of an array',
    () => sum([matrix, matrix] as never),
    /^sum: expected a linear operator.*\[Object,Object\]/,
  ],
  [
    'a subset of what has no variables',
    () => subset(matrix as never, [variable]),
    'subset: expected an operator with parameters, such as a HessianOperator, received Object',
  ],
  [
    'blocks of what has no variables',
    () => blocks(matrix as never),
    /^blocks: expected an operator with parameters/,
  ],
  [
    'no result to save',
    () => saveEigenResult(nothing),
    /^saveEigenResult: expected the result .* received undefined/,
  ],
  [
    'no result to load',
    () => loadEigenResult(nothing),
    /^loadEigenResult: expected a saved result \{json, eig/,
  ],
  ['an empty saved result', () => loadEigenResult({} as never), /^loadEigenResult: expected a saved result/],
  [
    'nothing to register with',
    () => register(nothing),
    /^register: expected a copy of TensorFlow.js, received undef/,
  ],
  [
    'no loss to linearize',
    () => linearize(nothing, [variable]),
    /^linearize: expected a function that returns the/,
  ],
  [
    'directions of other parameters',
    () => optimizer.setDirections(unit, { variables: [model.trainableWeights[0]!.read() as tf.Variable] }),
    'NSGD.setDirections: expected directions of shape [k, 6], one column per trainable parameter, received tensor float32 [2,2]',
  ],
  ['nothing to constrain', () => optimizer.constrain(nothing), /^NSGD.constrain: expected a LayersModel/],
  [
    'no loss to minimize',
    () => optimizer.minimize(nothing),
    /^NSGD.minimize: expected a function that returns/,
  ],
  [
    'nothing to train',
    () => optimizer.minimize(() => tf.sum(variable), false, []),
    'NSGD.minimize: expected at least one float32 variable to train, received none',
  ],
  [
    'a gradient of nothing known',
    () => optimizer.applyGradients([{ name: 'nobody', tensor: vector }]),
    'NSGD.applyGradients: expected gradients by the name of a variable, received "nobody"',
  ],
  [
    'a gradient of another shape',
    () => optimizer.applyGradients({ [variable.name]: xs }),
    "NSGD.applyGradients: expected a gradient of shape [2] for variable 'bad-objects/w', received tensor float32 [4,3]",
  ],
  [
    'no weights at all',
    () => optimizer.setWeights([]),
    /^NSGD.setWeights: expected a tensor 'iter'.* received \[\]/,
  ],
  [
    'weights of someone else',
    () => optimizer.setWeights([{ name: 'x', tensor: vector }]),
    'NSGD.setWeights: expected tensors that getWeights of an NSGD gave, received "x"',
  ],
  [
    'no list of weights',
    () => optimizer.setWeights(nothing),
    /^NSGD.setWeights: expected what getWeights gave/,
  ],
  ['no directions', () => optimizer.setDirections(nothing), /^NSGD.setDirections: .* received undefined/],
  [
    'disposed directions',
    () => optimizer.setDirections(gone as tf.Tensor2D),
    'NSGD.setDirections: expected a live float32 tensor of orthonormal rows [k, n], received a disposed tensor',
  ],
  [
    'the name of an optimizer for one',
    () => curvatureMonitor(modelObjective(model, { xs, ys }), { optimizer: 'sgd' as never }),
    'curvatureMonitor: expected an optimizer with a learningRate, received "sgd"',
  ],
  [
    'metrics that are no list',
    () => curvatureMonitor(modelObjective(model, { xs, ys }), { metrics: 'trace' as never }),
    /^curvatureMonitor: expected metrics, a list of some of sharpness, .*, received "trace"$/,
  ],
  [
    'a disposed loss',
    () =>
      new HessianOperator(
        lossObjective(() => {
          const loss = tf.sum(variable);
          loss.dispose();
          return loss;
        }, [variable]),
      ),
    'HessianOperator: expected the loss to be a float32 scalar, received a disposed tensor',
  ],
  [
    'a likelihood that is none',
    () => lossObjective({ outputs: () => xs, loss: () => xs, likelihood: 'normal' as never }, [variable]),
    /^lossObjective: expected likelihood 'categorical', .*, received "normal"/,
  ],
];

it.each(others)('%s', async (_, call, message) => {
  const received = await refusal(call);
  if (typeof message === 'string') expect(received).toBe(message);
  else expect(received).toMatch(message);
});

it('names ParameterSpace.write where the vector to write is of another length', async () => {
  const { parameters } = lossObjective(() => tf.sum(variable), [variable]);
  expect(await refusal(() => parameters.write(xs as never))).toMatch(
    /^ParameterSpace.write: expected a float32 v/,
  );
});

it.each<[string, () => never]>([
  ['a name', () => 'w' as never],
  ['a number', () => 3 as never],
  ['nothing', () => nothing],
  ['no variables', () => [3] as never],
])('subset refuses %s for a selection', async (_, selection) => {
  const hessian = new HessianOperator(lossObjective(() => tf.sum(tf.square(variable)), [variable]));
  expect(await refusal(() => subset(hessian, selection()))).toMatch(
    /^subset: expected (a list of )?variables/,
  );
  hessian.dispose();
});

describe('modelObjective', () => {
  const refused = (data: object, options: ModelObjectiveOptions = {}): Promise<string> =>
    refusal(() => modelObjective(model, { xs, ys, ...data }, options));

  it.each<[string, number[], string]>([
    ['xs', [4, 5], '[…,3]'],
    ['xs', [4, 3, 1], '[…,3]'],
    ['xs', [4], '[…,3]'],
    ['ys', [4, 3], '[…,2]'],
    // The loss would broadcast it to every pair of examples.
    ['ys', [4, 1], '[…,2]'],
    ['ys', [4], '[…,2]'],
  ])('refuses %s of shape [%s]', async (name, shape, expected) => {
    const wrong = tf.ones(shape);
    const message = await refused({ [name]: wrong });
    expect(message).toBe(
      `modelObjective: expected ${name} of shape ${expected}, received tensor float32 [${shape.join()}]`,
    );
    wrong.dispose();
  });

  it('takes class numbers where the loss does, with and without a last axis of 1', async () => {
    const loss = 'sparseCategoricalCrossentropy';
    for (const shape of [[4], [4, 1]]) {
      const classes = tf.zeros(shape);
      expect(modelObjective(model, { xs, ys: classes }, { loss }).parameters.size).toBe(8);
      classes.dispose();
    }
    expect(await refused({}, { loss })).toMatch(/expected ys of shape \[…\] or \[…,1\], received tensor/);
  });

  it('takes any targets where the loss is a function of your own', () => {
    const weights = tf.ones([4, 7]);
    const loss = (_: tf.Tensor, z: tf.Tensor): tf.Tensor => tf.mean(tf.square(z));
    expect(modelObjective(model, { xs, ys: weights }, { loss }).parameters.size).toBe(8);
    weights.dispose();
  });

  it('refuses factors that are no tensor, and training that is neither true nor false', async () => {
    expect(await refused({ sampleWeight: [1, 1, 1, 1] })).toMatch(/sampleWeight as tensors .*\[1,1,1,1\]/);
    expect(await refused({ sampleWeight: ys })).toMatch(
      /a sampleWeight of shape \[examples\], received tensor/,
    );
    expect(await refused({}, { training: 'no' as never })).toMatch(/training true or false, received "no"/);
    expect(await refused({}, { loss: 3 as never })).toMatch(/a loss by name or as a function, received 3/);
  });
});
