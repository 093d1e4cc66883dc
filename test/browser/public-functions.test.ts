import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator, ModelTarget, Objective } from '../../src/index.js';
import {
  blocks,
  conditionNumber,
  curvatureMonitor,
  diagonal,
  distanceTravelled,
  escapeAblation,
  FisherOperator,
  frobeniusNorm,
  gaussNewtonDiagonal,
  GaussNewtonOperator,
  KFACOperator,
  gradientAlignment,
  HessianOperator,
  JacobianOperator,
  lanczos,
  loadEigenResult,
  influence,
  classStructure,
  laplace,
  layerReport,
  lossCrossSection,
  lossSurface,
  lsmr,
  materialize,
  modelObjective,
  noiseGrid,
  NSGD,
  randomLabels,
  refreshDirections,
  saveEigenResult,
  shifted,
  spectralDensity,
  spectralNorm,
  stepDecomposition,
  svd,
  tangentKernel,
  trace,
} from '../../src/index.js';
import { backend, useBackend } from './backend.js';
import { browserBackend } from './contract-backend.js';

const examples = 8;
const k = 2;
const seed = 1;

/** A net of 9 parameters. */
function net(): layers.LayersModel {
  const init = (seed: number) => ({ kernelInitializer: layers.initializers.glorotNormal({ seed }) });
  return layers.sequential({
    layers: [
      layers.layers.dense({ units: 2, inputShape: [2], activation: 'tanh', ...init(1) }),
      layers.layers.dense({ units: 1, activation: 'sigmoid', ...init(2) }),
    ],
  });
}

interface Setting {
  readonly model: layers.LayersModel;
  readonly xs: Tensor;
  readonly ys: Tensor;
  readonly objective: Objective;
  readonly target: ModelTarget;
  readonly hessian: HessianOperator;
}

/** An estimate of a positive number, by whatever name the function gives it. */
const values = async (run: Promise<{ readonly value: number }>): Promise<number[]> => [(await run).value];

async function valuesOf(tensor: Tensor): Promise<number[]> {
  const read = Array.from(await tensor.data());
  tensor.dispose();
  return read;
}

/** A run of a plain record's every number. */
const numbersIn = (record: unknown): number[] => {
  if (typeof record === 'number') return [record];
  if (record == null || typeof record !== 'object') return [];
  return Object.values(record).flatMap(numbersIn);
};

async function whole(operator: LinearOperator): Promise<number[]> {
  try {
    return await valuesOf(await materialize(operator));
  } finally {
    operator.dispose();
  }
}

/** The numbers of a Kronecker-factored matrix and its inverse. */
async function factored(kfac: KFACOperator): Promise<number[]> {
  const damping = 0.1;
  const numbers = [await kfac.trace(), await kfac.logDeterminant({ damping }), await kfac.frobeniusNorm()];
  const inverse = await kfac.inverse({ damping });
  return [...numbers, ...(await whole(inverse)), ...(await whole(kfac))];
}

const minibatches = { batchSize: 4, minibatches: 2, seed };

/** Every public function that computes something, and the numbers it gives. */
const functions: Record<string, (setting: Setting) => Promise<number[]>> = {
  gaussNewtonDiagonal: ({ objective }) => valuesOf(gaussNewtonDiagonal(objective)),
  GaussNewtonOperator: ({ objective }) => whole(new GaussNewtonOperator(objective)),
  'FisherOperator, exact': ({ objective }) => whole(new FisherOperator(objective, { type: 'exact' })),
  'FisherOperator, Monte Carlo': ({ objective }) =>
    whole(new FisherOperator(objective, { type: 'monteCarlo', seed })),
  'FisherOperator, empirical': ({ objective }) => whole(new FisherOperator(objective, { type: 'empirical' })),
  'JacobianOperator and tangentKernel': async ({ model, xs }) => {
    const jacobian = new JacobianOperator(model, xs, { batchSize: 3 });
    const u = tf.ones<tf.Rank.R1>([examples]);
    const numbers = await valuesOf(jacobian.rmatvec(u));
    u.dispose();
    numbers.push(...(await whole(tangentKernel(jacobian))));
    jacobian.dispose();
    return numbers;
  },
  svd: async ({ model, xs }) => {
    const jacobian = new JacobianOperator(model, xs);
    const found = await svd(jacobian, { k, seed });
    found.dispose();
    jacobian.dispose();
    return numbersIn([[...found.singularValues], [...found.residualNorms]]);
  },
  lsmr: async ({ model, xs }) => {
    const jacobian = new JacobianOperator(model, xs);
    const b = tf.ones<tf.Rank.R1>([examples]);
    const { x, residualNorm } = await lsmr(jacobian, b, { damping: 0.1 });
    b.dispose();
    jacobian.dispose();
    return [residualNorm, ...(await valuesOf(x))];
  },
  KFACOperator: ({ objective }) => factored(new KFACOperator(objective)),
  'KFACOperator, corrected': ({ objective }) =>
    factored(new KFACOperator(objective, { correctEigenvalues: true })),
  'HessianOperator, central differences': ({ objective }) =>
    whole(new HessianOperator(objective, { method: 'finiteDifference' })),
  blocks: async ({ hessian }) => {
    const parts = blocks(hessian, (variable) => variable.name);
    return (await Promise.all([...parts.values()].map(whole))).flat();
  },
  'the operator’s own': async ({ hessian }) => {
    hessian.refresh();
    const { parameters } = hessian;
    const theta = parameters.read();
    parameters.write(theta);
    return [
      ...(await valuesOf(theta)),
      ...(await valuesOf(hessian.gradient())),
      ...(await valuesOf(hessian.lossTensor())),
    ];
  },
  'saved pairs': async ({ hessian }) => {
    const found = await lanczos(hessian, { k, seed });
    const again = loadEigenResult(await saveEigenResult(found));
    found.dispose();
    const { eigenvalues } = again;
    again.dispose();
    return [...eigenvalues];
  },
  'trace by Hutchinson': ({ hessian }) =>
    values(trace(hessian, { method: 'hutchinson', maxMatvecs: 8, seed })),
  'trace by Hutch++': ({ hessian }) => values(trace(hessian, { method: 'hutch++', maxMatvecs: 9, seed })),
  'trace by XTrace': ({ hessian }) => values(trace(hessian, { method: 'xtrace', maxMatvecs: 8, seed })),
  diagonal: async ({ hessian }) => {
    const { dispose, ...found } = await diagonal(hessian, { maxMatvecs: 4, seed });
    const read = numbersIn(found);
    dispose();
    return read;
  },
  frobeniusNorm: ({ hessian }) => values(frobeniusNorm(hessian, { maxMatvecs: 4, seed })),
  spectralNorm: ({ hessian }) => values(spectralNorm(hessian, { seed })),
  conditionNumber: ({ hessian }) => values(conditionNumber(shifted(hessian, 10), { seed })),
  spectralDensity: async ({ hessian }) =>
    numbersIn(await spectralDensity(hessian, { krylovDim: 4, numProbes: 2, seed })),
  curvatureMonitor: async ({ objective }) => {
    const monitor = curvatureMonitor(objective, { k, metrics: ['sharpness', 'topShare', 'trace'] });
    await monitor.measure();
    monitor.dispose();
    return numbersIn(monitor.records);
  },
  refreshDirections: async ({ objective }) => {
    const optimizer = new NSGD({ learningRate: 0.1, k, refreshEvery: 0 });
    await refreshDirections(optimizer, objective, { sampleSize: 0.5 }).onEpochBegin(0);
    await optimizer.settled();
    const found = [...optimizer.eigenvalues!];
    optimizer.dispose();
    return found;
  },
  'the weights of an NSGD': async ({ model, xs, ys }) => {
    const [optimizer, copy] = [0, 1].map(() => new NSGD({ learningRate: 0.01, k, momentum: 0.5, seed }));
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const loss = (): tf.Scalar =>
      tf.losses.meanSquaredError(ys, model.apply(xs) as Tensor) as unknown as tf.Scalar;
    const step = (): void => tf.tidy(() => void optimizer!.minimize(loss, false, variables));
    step();
    await optimizer!.settled();
    step();
    const weights = await optimizer!.getWeights();
    await copy!.setWeights(weights);
    await copy!.settled();
    const read = (await Promise.all(weights.map(({ tensor }) => tensor.data()))).flatMap((data) => [...data]);
    optimizer!.dispose();
    copy!.dispose();
    return read;
  },
  stepDecomposition: async ({ target }) =>
    numbersIn(await stepDecomposition(target, { learningRate: 0.1, k, alphas: [1], ...minibatches })),
  gradientAlignment: async ({ target }) => numbersIn(await gradientAlignment(target, { k, ...minibatches })),
  lossCrossSection: async ({ target }) =>
    numbersIn(await lossCrossSection(target, { learningRate: 0.1, k, ...minibatches })),
  lossSurface: async ({ target }) =>
    numbersIn(await lossSurface(target, { plane: 'eigenvectors', extent: 0.1, steps: 3, seed })),
  influence: async ({ target }) =>
    numbersIn(await influence(target, { test: target.data, curvature: 'gaussNewton', damping: 1 })),
  laplace: async ({ target, xs }) => numbersIn(await laplace(target, { test: { xs } })),
  classStructure: async ({ xs, ys }) => {
    const model = layers.sequential({
      layers: [
        layers.layers.dense({ units: 2, inputShape: [2], activation: 'softmax', kernelInitializer: 'ones' }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const found = await classStructure({ model, data: { xs, ys } }, { seed, traceTol: 1e-3 });
    model.dispose();
    return numbersIn(found);
  },
  layerReport: async ({ target }) => numbersIn(await layerReport(target, { seed, traceTol: 1e-3 })),
  escapeAblation: async ({ target }) =>
    numbersIn(
      await escapeAblation(target, {
        learningRate: 0.1,
        batchSize: 4,
        steps: 2,
        variants: ['normal', 'allDrop'],
        seed,
      }),
    ),
  distanceTravelled: async ({ model }) => {
    const travelled = distanceTravelled(model);
    await travelled.measure(0);
    travelled.dispose();
    return numbersIn(travelled.records);
  },
  randomLabels: ({ ys }) => valuesOf(randomLabels(ys, { classes: 2, seed })),
  noiseGrid: async ({ target }) =>
    numbersIn(await noiseGrid(target, { learningRates: [0.1], batchSizes: [4], steps: 2, seed })),
};

describe(`every public function on ${backend}`, () => {
  let setting: Setting;
  beforeAll(async () => {
    await useBackend();
    const model = net();
    const xs = tf.randomNormal([examples, 2], 0, 1, 'float32', 3);
    const ys = tf.tensor2d(Array.from({ length: examples }, (_, i) => [i % 2]));
    model.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy' });
    const objective = modelObjective(model, { xs, ys }, { batchSize: 4 });
    const hessian = new HessianOperator(objective);
    setting = { model, xs, ys, objective, hessian, target: { model, data: { xs, ys } } };
  });
  afterAll(() => {
    setting.hessian.dispose();
    setting.model.dispose();
    tf.dispose([setting.xs, setting.ys]);
  });

  it.each(Object.keys(functions))('%s: reads nothing synchronously, leaves nothing behind', (name) =>
    browserBackend.tidily(async () => {
      const numbers = await functions[name]!(setting);
      expect(numbers.length).toBeGreaterThan(0);
      for (const number of numbers) expect(Number.isFinite(number)).toBe(true);
    }),
  );
});
