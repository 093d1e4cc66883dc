import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as curvature from '../../src/index.js';
import * as plot from '../../src/plot/index.js';
import type { ShardWorker } from '../../src/workers/index.js';
import { ShardedHessian } from '../../src/workers/index.js';
import { useBackend } from '../wasm-backend.js';

let model: tfl.LayersModel;
let xs: tf.Tensor;
let ys: tf.Tensor;
let variable: tf.Variable;
let vector: tf.Tensor1D;
let rows: tf.Tensor2D;
let objective: curvature.Objective;
let operator: curvature.LinearOperator;
let rectangular: curvature.RectangularOperator;
let optimizer: curvature.NSGD;
let kfac: curvature.KFACOperator;

beforeAll(async () => {
  await useBackend('cpu');
  model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [1] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  [xs, ys, vector, rows] = [tf.ones([3, 1]), tf.ones([3, 2]), tf.ones([4]), tf.ones([1, 4])];
  variable = tf.variable(xs);
  objective = curvature.modelObjective(model, { xs, ys });
  operator = new curvature.HessianOperator(objective);
  const product = (v: tf.Tensor1D): tf.Tensor1D => operator.matvec(v);
  rectangular = { shape: [4, 4], matvec: product, rmatvec: product, dispose: () => {} };
  kfac = new curvature.KFACOperator(objective);
  optimizer = new curvature.NSGD({ learningRate: 1 });
});

afterAll(() => {
  operator.dispose();
  kfac.dispose();
  optimizer.dispose();
  model.dispose();
  tf.dispose([xs, ys, vector, rows, variable]);
});

/** A call of every public function that takes options, or data that is named like options. */
const calls: Record<string, (options: never) => unknown> = {
  'lossObjective {outputs, loss}': (o) =>
    curvature.lossObjective({ outputs: () => xs, loss: () => xs, ...(o as object) }, [variable]),
  modelObjective: (o) => curvature.modelObjective(model, { xs, ys }, o),
  'modelObjective data': (o) => curvature.modelObjective(model, { xs, ys, ...(o as object) }),
  modelObjectiveFromDataset: (o) =>
    curvature.modelObjectiveFromDataset(
      model,
      { iterator: () => Promise.resolve({ next: () => Promise.resolve({ value: null, done: true }) }) },
      o,
    ),
  HessianOperator: (o) => new curvature.HessianOperator(objective, o),
  lowRankPreconditioner: (o) => curvature.lowRankPreconditioner({ eigenvalues: [1], eigenvectors: rows }, o),
  FisherOperator: (o) => new curvature.FisherOperator(objective, { type: 'exact', ...(o as object) }),
  KFACOperator: (o) => new curvature.KFACOperator(objective, o),
  'KFACOperator.inverse': (o) => kfac.inverse(o),
  'KFACOperator.logDeterminant': (o) => kfac.logDeterminant(o),
  JacobianOperator: (o) => new curvature.JacobianOperator(model, xs, o),
  materialize: (o) => curvature.materialize(operator, o),
  checkOperator: (o) => curvature.checkOperator(operator, o),
  lanczos: (o) => curvature.lanczos(operator, o),
  lobpcg: (o) => curvature.lobpcg(operator, o),
  svd: (o) => curvature.svd(rectangular, o),
  interiorEigenpairs: (o) => curvature.interiorEigenpairs(operator, o),
  powerIteration: (o) => curvature.powerIteration(operator, o),
  solve: (o) => curvature.solve(operator, vector, o),
  minres: (o) => curvature.minres(operator, vector, o),
  lsmr: (o) => curvature.lsmr(rectangular, vector, o),
  functionTimesVector: (o) => curvature.functionTimesVector(operator, 'exp', vector, o),
  traceOfFunction: (o) => curvature.traceOfFunction(operator, 'exp', o),
  trace: (o) => curvature.trace(operator, o),
  diagonal: (o) => curvature.diagonal(operator, o),
  spectralDensity: (o) => curvature.spectralDensity(operator, o),
  frobeniusNorm: (o) => curvature.frobeniusNorm(operator, o),
  spectralNorm: (o) => curvature.spectralNorm(operator, o),
  conditionNumber: (o) => curvature.conditionNumber(operator, o),
  NSGD: (o) => new curvature.NSGD({ learningRate: 1, ...(o as object) }),
  'NSGD.setDirections': (o) => optimizer.setDirections(null, o),
  curvatureMonitor: (o) => curvature.curvatureMonitor(objective, o),
  refreshDirections: (o) => curvature.refreshDirections(optimizer, objective, o),
  stepDecomposition: (o) => curvature.stepDecomposition(objective, o),
  gradientAlignment: (o) => curvature.gradientAlignment(objective, o),
  'gradientAlignment target': (o) =>
    curvature.gradientAlignment({ model, data: { xs, ys }, ...(o as object) }),
  lossCrossSection: (o) => curvature.lossCrossSection(objective, o),
  escapeAblation: (o) => curvature.escapeAblation(objective, o),
  'escapeAblation variant': (o) =>
    curvature.escapeAblation(objective, {
      learningRate: 1,
      variants: [{ variant: 'topScaled', ...(o as object) }],
    }),
  noiseGrid: (o) => curvature.noiseGrid({ model, data: { xs, ys } }, o),
  lossSurface: (o) => curvature.lossSurface(objective, o),
  classStructure: (o) => curvature.classStructure(objective, o),
  laplace: (o) => curvature.laplace(objective, o),
  layerReport: (o) => curvature.layerReport(objective, o),
  noiseGridUnits: (o) => curvature.noiseGridUnits(o),
  influence: (o) => curvature.influence(objective, o),
  randomLabels: (o) => curvature.randomLabels(ys, o),
  'ShardedHessian.load': (o) => ShardedHessian.load([{} as ShardWorker], model, { xs, ys }, o),
  alignmentChart: (o) => plot.alignmentChart([], o),
  eigenvalueChart: (o) => plot.eigenvalueChart([], o),
  contourChart: (o) => plot.contourChart({ xs: [], ys: [], losses: [] }, o),
  escapeChart: (o) => plot.escapeChart([], o),
  reliefChart: (o) => plot.reliefChart({ xs: [], ys: [], losses: [] }, o),
  learningCurvesChart: (o) => plot.learningCurvesChart([], o),
  crossSectionChart: (o) => plot.crossSectionChart([], o),
  sharpnessChart: (o) => plot.sharpnessChart([], o),
  spectralDensityChart: (o) => plot.spectralDensityChart({ grid: [], density: [] }, o),
  stepDecompositionChart: (o) => plot.stepDecompositionChart([], o),
  toPng: (o) => plot.toPng({ $schema: '' }, o),
};

const withoutOptions = [
  'CurvatureArgumentError',
  'DifferentiationError',
  'GaussNewtonOperator',
  'gaussNewtonDiagonal',
  'MissingPackageError',
  'ParameterSpace',
  'blocks',
  'deflated',
  'distanceTravelled',
  'escapeVariants',
  ...['grad', 'grads', 'valueAndGrad', 'valueAndGrads', 'variableGrads', 'jvp', 'vjp', 'jacobian', 'hessian'],
  'registerExactGradients',
  'linearize',
  'loadEigenResult',
  'matrixOperator',
  'projected',
  'register',
  'registerNSGD',
  'registerChainedOps',
  'saveEigenResult',
  'scaled',
  'shifted',
  'subset',
  'sum',
  'tangentKernel',
  'toSvg',
];

it('has a call for every public name', () => {
  const called = Object.keys(calls).map((name) => name.split(' ')[0]);
  const missing = [...Object.keys(curvature), ...Object.keys(plot)].filter(
    (name) => !called.includes(name) && !withoutOptions.includes(name),
  );
  expect(missing).toEqual([]);
});

async function errorOf(call: () => unknown): Promise<Error> {
  const { numTensors } = tf.memory();
  const error: unknown = await Promise.resolve()
    .then(call)
    .then(
      () => new Error('no error'),
      (reason: unknown) => reason,
    );
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(error).toBeInstanceOf(curvature.CurvatureArgumentError);
  return error as Error;
}

it.each(Object.entries(calls))('%s refuses an option that it does not know', async (name, call) => {
  const { message } = await errorOf(() => call({ confirmm: undefined } as never));
  expect(message).toMatch(
    new RegExp(`^${name.split(/[ .]/)[0]}.*: expected options among .*received "confirmm"`),
  );
});

const spread = ['lossObjective {outputs, loss}', 'modelObjective data', 'FisherOperator', 'NSGD'];
const whole = Object.entries(calls).filter(
  ([name]) => !spread.includes(name) && !/ (target|variant)$/.test(name),
);

it.each(whole)('%s refuses null for options', async (name, call) => {
  const { message } = await errorOf(() => call(null as never));
  expect(message).toMatch(new RegExp(`^${name.split('.')[0]}.*: expected an object \\{.*received null`));
});

const reporting = [
  'lanczos',
  'powerIteration',
  'lobpcg',
  'svd',
  'interiorEigenpairs',
  'lsmr',
  'solve',
  'minres',
  'functionTimesVector',
  'traceOfFunction',
  'trace',
  'diagonal',
  'spectralDensity',
].concat(
  ['frobeniusNorm', 'spectralNorm', 'conditionNumber', 'stepDecomposition', 'gradientAlignment'],
  [
    'lossCrossSection',
    'escapeAblation',
    'noiseGrid',
    'lossSurface',
    'layerReport',
    'influence',
    'laplace',
    'classStructure',
  ],
);

it.each(reporting)('%s wants a function to report to and an AbortSignal', async (name) => {
  const call = calls[name]!;
  const progress = await errorOf(() => call({ onProgress: 'x' } as never));
  expect(progress.message).toBe(`${name}: expected a function onProgress, received "x"`);
  const signal = await errorOf(() => call({ signal: {} } as never));
  expect(signal.message).toBe(`${name}: expected an AbortSignal as signal, received Object`);
});
