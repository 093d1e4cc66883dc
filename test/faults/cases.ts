import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import * as curvature from '../../src/index.js';
import { faults } from './fault-injection.js';

/** What the calls work on. Made once; the weights are put back before each call. */
export interface Fixture {
  readonly model: tfl.LayersModel;
  readonly target: curvature.ModelTarget;
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
  readonly objective: curvature.Objective;
  readonly variable: tf.Variable;
  readonly custom: curvature.Objective;
  readonly vector: tf.Tensor1D;
  readonly matrix: tf.Tensor2D;
  readonly pairs: curvature.EigenResult;
}

/** A layer that can fail. */
class FallibleLayer extends tfl.layers.Layer {
  static className = 'FallibleLayer';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    faults.tick('layer');
    return tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, 2);
  }
}
tf.serialization.registerClass(FallibleLayer);

export async function fixture(): Promise<Fixture> {
  const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 2, activation: 'tanh', inputShape: [2], kernelInitializer: init(1) }),
      new FallibleLayer({}),
      tfl.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: init(2) }),
    ],
  });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  const xs = tf.randomNormal([6, 2], 0, 1, 'float32', 3);
  const ys = tf.tidy(() => tf.cast(tf.oneHot([0, 1, 0, 1, 1, 0], 2), 'float32'));
  const objective = curvature.modelObjective(model, { xs, ys }, { batchSize: 4 });
  const variable = tf.variable(tf.tensor1d([1, -2, 0.5]), true, 'faults/w');
  const custom = curvature.lossObjective(() => {
    faults.tick('loss');
    return tf.sum(tf.mul(tf.exp(variable), tf.square(variable)));
  }, [variable]);
  const hessian = new curvature.HessianOperator(objective);
  const pairs = await curvature.lanczos(hessian, { k: 2 });
  hessian.dispose();
  const matrix = tf.tensor2d([4, 1, 0, 1, 3, -1, 0, -1, 2], [3, 3]);
  const vector = tf.tensor1d([1, 2, 3]);
  return {
    model,
    target: { model, data: { xs, ys }, objective: { batchSize: 4 } },
    xs,
    ys,
    objective,
    variable,
    custom,
    vector,
    matrix,
    pairs,
  };
}

/** Takes something over that is disposed when the call is over, however it ends. */
type Own = <T extends { dispose(): unknown }>(resource: T) => T;

/** How a call is observed and stopped. */
export interface Hooks {
  readonly onProgress: () => void;
  readonly signal?: AbortSignal;
}

export type Case = (f: Fixture, own: Own, hooks: Hooks) => unknown;

/** v ↦ Av that can fail, for the solvers and estimators. */
const fallible = (f: Fixture, own: Own): curvature.LinearOperator => {
  const inner = own(curvature.matrixOperator(f.matrix));
  return {
    size: inner.size,
    matvec: (v) => {
      faults.tick('product');
      return inner.matvec(v);
    },
    dispose: () => inner.dispose(),
  };
};

/** The same from both sides. */
const rectangular = (f: Fixture, own: Own): curvature.RectangularOperator => {
  const { size, matvec, dispose } = fallible(f, own);
  return { shape: [size, size], matvec, rmatvec: matvec, dispose };
};

const remote = (): curvature.AsyncLinearOperator => ({
  size: 3,
  multiply: async (v) => {
    faults.tick('product elsewhere');
    await Promise.resolve();
    return v.map((x, i) => x * (i + 1));
  },
});

const hessianOf = (f: Fixture, own: Own): curvature.HessianOperator =>
  own(new curvature.HessianOperator(f.objective));

/** Two steps of an optimizer, the first of which refreshes its directions. */
const train = (f: Fixture, own: Own, options: Partial<curvature.NSGDOptions>): unknown => {
  const optimizer = own(
    new curvature.NSGD({ learningRate: 0.1, k: 2, momentum: 0.9, recordSteps: 3, ...options }),
  );
  const loss = (): tf.Scalar => {
    faults.tick('loss');
    return tf.sum(tf.mul(tf.exp(f.variable), tf.square(f.variable)));
  };
  for (let i = 0; i < 2; i++) optimizer.minimize(loss, false, [f.variable]);
  return f.variable.arraySync();
};

/** One call, or a short use, of each public function that computes. Named by the function, then by what is special. */
export const cases: Record<string, Case> = {
  'ParameterSpace.read': ({ objective }) => objective.parameters.read(),
  'ParameterSpace.write': ({ custom, vector }) => custom.parameters.write(vector),
  'ParameterSpace.unflatten': ({ custom, vector }) => custom.parameters.unflatten(vector),
  linearize: (f, own) => {
    const linearization = own(
      curvature.linearize(() => tf.sum(tf.mul(tf.exp(f.variable), f.variable)), [f.variable]),
    );
    return [linearization.gradient, linearization.hvp(f.vector)];
  },
  lossObjective: (f, own) => own(new curvature.HessianOperator(f.custom)).matvec(f.vector),
  'lossObjective of a convolution': (_, own) => {
    const image = own(tf.tensor4d([...Array(18).keys()].map(Math.sin), [1, 3, 3, 2]));
    const filter = own(tf.variable(own(tf.tensor4d([...Array(8).keys()].map(Math.cos), [2, 2, 2, 1]))));
    const loss = (): tf.Scalar => {
      faults.tick('loss');
      return tf.sum(tf.square(tf.maxPool(tf.tanh(tf.conv2d(image, filter, 1, 'same')), 2, 1, 'valid')));
    };
    const hessian = own(new curvature.HessianOperator(curvature.lossObjective(loss, [filter])));
    return hessian.matvec(own(tf.ones<tf.Rank.R1>([hessian.size])));
  },
  modelObjective: (f, own) => hessianOf(f, own).gradient(),
  'HessianOperator without tapes': (f, own) => {
    const hessian = own(new curvature.HessianOperator(f.objective, { retain: false }));
    return hessian.matvec(own(tf.ones<tf.Rank.R1>([hessian.size])));
  },
  'HessianOperator by differences': (f, own) => {
    const hessian = own(new curvature.HessianOperator(f.objective, { method: 'finiteDifference' }));
    return hessian.matvec(own(tf.ones<tf.Rank.R1>([hessian.size])));
  },
  'HessianOperator.refresh': (f, own) => {
    const hessian = hessianOf(f, own);
    hessian.refresh();
    return [hessian.loss(), hessian.lossTensor()];
  },
  gaussNewtonDiagonal: (f) => curvature.gaussNewtonDiagonal(f.objective),
  GaussNewtonOperator: (f, own) => {
    const operator = own(new curvature.GaussNewtonOperator(f.objective));
    return operator.matvec(own(tf.ones<tf.Rank.R1>([operator.size])));
  },
  ...Object.fromEntries(
    (['exact', 'monteCarlo', 'empirical'] as const).map((type): [string, Case] => [
      `FisherOperator ${type}`,
      (f, own) => {
        const operator = own(new curvature.FisherOperator(f.objective, { type }));
        return operator.matvec(own(tf.ones<tf.Rank.R1>([operator.size])));
      },
    ]),
  ),
  ...Object.fromEntries(
    [false, true].map((correctEigenvalues): [string, Case] => [
      `KFACOperator, eigenvalues ${correctEigenvalues ? 'corrected' : 'of factors'}`,
      async (f, own, hooks) => {
        const kfac = own(new curvature.KFACOperator(f.objective, { correctEigenvalues }));
        const inverse = own(await kfac.inverse({ damping: 0.1, signal: hooks.signal }));
        const numbers = [
          await kfac.trace(),
          await kfac.logDeterminant({ damping: 0.1 }),
          await kfac.frobeniusNorm(),
        ];
        const v = own(tf.ones<tf.Rank.R1>([kfac.size]));
        return [own(kfac.matvec(v)), own(inverse.matvec(v)), numbers];
      },
    ]),
  ),
  JacobianOperator: (f, own) => {
    const jacobian = own(new curvature.JacobianOperator(f.model, f.xs, { batchSize: 4 }));
    const [m, n] = jacobian.shape;
    return [
      own(jacobian.matvec(own(tf.ones<tf.Rank.R1>([n])))),
      own(jacobian.rmatvec(own(tf.ones<tf.Rank.R1>([m])))),
    ];
  },
  tangentKernel: (f, own) => {
    const jacobian = own(new curvature.JacobianOperator(f.model, f.xs));
    return own(curvature.tangentKernel(jacobian)).matvec(own(tf.ones<tf.Rank.R1>([jacobian.shape[0]])));
  },
  matrixOperator: (f, own) => own(curvature.matrixOperator(f.matrix)).matvec(f.vector),
  sum: (f, own) => own(curvature.sum(fallible(f, own), fallible(f, own))).matvec(f.vector),
  scaled: (f, own) => own(curvature.scaled(fallible(f, own), 2)).matvec(f.vector),
  shifted: (f, own) => own(curvature.shifted(fallible(f, own), 2)).matvec(f.vector),
  projected: (f, own) =>
    own(curvature.projected(fallible(f, own), own(tf.tensor2d([[1, 0, 0]])))).matvec(f.vector),
  deflated: (f, own) =>
    own(
      curvature.deflated(fallible(f, own), {
        eigenvalues: [1],
        eigenvectors: own(tf.tensor2d([[0, 1, 0]])),
      }),
    ).matvec(f.vector),
  subset: (f, own) => {
    const block = own(curvature.subset(hessianOf(f, own), f.objective.parameters.variables.slice(0, 1)));
    return block.matvec(own(tf.ones<tf.Rank.R1>([block.size])));
  },
  blocks: (f, own) => {
    const [block] = [...curvature.blocks(hessianOf(f, own)).values()].map(own);
    return block!.matvec(own(tf.ones<tf.Rank.R1>([block!.size])));
  },
  materialize: (f, own) => curvature.materialize(fallible(f, own)),
  checkOperator: (f, own) => curvature.checkOperator(hessianOf(f, own)),
  lanczos: async (f, own, hooks) => own(await curvature.lanczos(fallible(f, own), { k: 2, ...hooks })),
  'lanczos of a model': async (f, own, hooks) =>
    own(await curvature.lanczos(hessianOf(f, own), { k: 2, startVectors: f.pairs.eigenvectors, ...hooks })),
  'lanczos elsewhere': async (_, own, hooks) => own(await curvature.lanczos(remote(), hooks)),
  saveEigenResult: (f) => curvature.saveEigenResult(f.pairs),
  loadEigenResult: async (f, own) => own(curvature.loadEigenResult(await curvature.saveEigenResult(f.pairs))),
  lobpcg: async (f, own, hooks) =>
    own(await curvature.lobpcg(fallible(f, own), { k: 2, metric: fallible(f, own), ...hooks })),
  svd: async (f, own, hooks) => own(await curvature.svd(rectangular(f, own), { k: 2, ...hooks })),
  'svd of a model': async (f, own, hooks) =>
    own(await curvature.svd(own(new curvature.JacobianOperator(f.model, f.xs)), { k: 2, ...hooks })),
  interiorEigenpairs: async (f, own, hooks) =>
    own(await curvature.interiorEigenpairs(fallible(f, own), { near: 1, k: 2, ...hooks })),
  powerIteration: async (f, own, hooks) =>
    own(await curvature.powerIteration(fallible(f, own), { k: 2, ...hooks })),
  solve: async (f, own, hooks) =>
    own(
      await curvature.solve(fallible(f, own), f.vector, {
        initial: own(tf.ones<tf.Rank.R1>([3])),
        ...hooks,
      }),
    ),
  minres: async (f, own, hooks) => own(await curvature.minres(fallible(f, own), f.vector, hooks)),
  lsmr: async (f, own, hooks) =>
    own(await curvature.lsmr(rectangular(f, own), f.vector, { damping: 0.5, ...hooks })),
  functionTimesVector: async (f, own, hooks) =>
    own(await curvature.functionTimesVector(fallible(f, own), 'exp', f.vector, hooks)),
  traceOfFunction: (f, own, hooks) =>
    curvature.traceOfFunction(fallible(f, own), 'exp', { maxMatvecs: 12, ...hooks }),
  ...Object.fromEntries(
    (['hutchinson', 'hutch++', 'xtrace'] as const).map((method): [string, Case] => [
      `trace by ${method}`,
      (f, own, hooks) => curvature.trace(hessianOf(f, own), { method, maxMatvecs: 16, ...hooks }),
    ]),
  ),
  diagonal: async (f, own, hooks) =>
    own(await curvature.diagonal(fallible(f, own), { maxMatvecs: 10, ...hooks })),
  spectralDensity: (f, own, hooks) =>
    curvature.spectralDensity(fallible(f, own), { numProbes: 2, gridSize: 16, ...hooks }),
  frobeniusNorm: (f, own, hooks) =>
    curvature.frobeniusNorm(fallible(f, own), { maxMatvecs: 10, ...hooks } as object),
  spectralNorm: (f, own, hooks) => curvature.spectralNorm(fallible(f, own), hooks),
  conditionNumber: (f, own, hooks) => curvature.conditionNumber(fallible(f, own), hooks),
  NSGD: (f, own) => train(f, own, {}),
  'NSGD with tracking': (f, own) => train(f, own, { trackEvery: 1, correction: 'both', useNesterov: true }),
  'NSGD without directions': (f, own) => train(f, own, { gamma: 1, weightDecay: 0.1, clipNorm: 1 }),
  'NSGD.setDirections': (f, own) => {
    const optimizer = own(new curvature.NSGD({ learningRate: 0.1, k: 1, refreshEvery: 0 }));
    optimizer.setDirections(own(tf.tensor2d([[1, 0, 0]])), { variables: [f.variable] });
    optimizer.minimize(() => tf.sum(tf.square(f.variable)), false, [f.variable]);
    return f.variable.arraySync();
  },
  'NSGD.setWeights': async (f, own) => {
    const optimizer = own(new curvature.NSGD({ learningRate: 0.1, k: 1, momentum: 0.5 }));
    optimizer.minimize(() => tf.sum(tf.square(f.variable)), false, [f.variable]);
    const again = own(new curvature.NSGD({ learningRate: 0.1, k: 1, momentum: 0.5 }));
    await again.setWeights(await optimizer.getWeights());
    return (await again.getWeights()).map(({ tensor }) => tensor.arraySync());
  },
  curvatureMonitor: async (f, own, { onProgress }) => {
    const options = { k: 2, metrics: ['sharpness', 'distance', 'trace'] as const, onRecord: onProgress };
    const monitor = own(curvature.curvatureMonitor(f.objective, options));
    await monitor.onTrainBegin();
    await monitor.onEpochEnd(0, {});
    await monitor.measure();
    return monitor.records.map(({ sharpness, distance, trace }) => [sharpness, distance, trace]);
  },
  refreshDirections: async (f, own, { onProgress }) => {
    const optimizer = own(new curvature.NSGD({ learningRate: 0.1, k: 1, refreshEvery: 0 }));
    const hooks = curvature.refreshDirections(optimizer, f.objective, { onRefresh: onProgress });
    await hooks.onEpochBegin(0);
    return optimizer.directions!.arraySync();
  },
  stepDecomposition: (f, _, hooks) =>
    curvature.stepDecomposition(f.target, {
      ...{ learningRate: 0.1, k: 1, batchSize: 3, minibatches: 2, alphas: [1] },
      ...hooks,
    }),
  gradientAlignment: (f, _, hooks) =>
    curvature.gradientAlignment(f.target, {
      ...{ k: 1, batchSize: 3, minibatches: 2, randomDirections: 2 },
      ...hooks,
    }),
  lossCrossSection: (f, _, hooks) =>
    curvature.lossCrossSection(f.target, {
      ...{ learningRate: 0.1, k: 1, distances: [0, 1], batchSize: 3, minibatches: 2 },
      ...hooks,
    }),
  'lossCrossSection of an objective': (f, _, hooks) =>
    curvature.lossCrossSection(f.custom, { scale: 0.1, k: 1, distances: [1], ...hooks }),
  escapeAblation: (f, _, hooks) =>
    curvature.escapeAblation(f.target, {
      ...{ learningRate: 0.1, steps: 2, variants: ['normal', 'constantTop'], batchSize: 3 },
      ...hooks,
    }),
  distanceTravelled: async (f, own) => {
    const travelled = own(curvature.distanceTravelled(f.model));
    await travelled.measure(1);
    return travelled.records;
  },
  noiseGrid: (f, _, hooks) =>
    curvature.noiseGrid(f.target, {
      ...{ learningRates: [0.1], batchSizes: [3], steps: 2, momentum: 0.5 },
      ...hooks,
    }),
  lossSurface: (f, _, hooks) =>
    curvature.lossSurface(f.target, { plane: 'eigenvectors', extent: 0.1, steps: 2, ...hooks }),
  'lossSurface along random directions': (f, _, hooks) =>
    curvature.lossSurface(f.target, { plane: 'random', extent: 0.1, steps: 2, ...hooks }),
  layerReport: (f, _, hooks) => curvature.layerReport(f.target, hooks),
  influence: (f, _, hooks) =>
    curvature.influence(f.target, { test: f.target.data, curvature: 'gaussNewton', damping: 0.1, ...hooks }),
  laplace: (f, _, hooks) =>
    curvature.laplace(f.target, { priorPrecision: [0.1, 1], test: { xs: f.xs }, ...hooks }),
  'laplace by Kronecker factors': (f, _, hooks) =>
    curvature.laplace(f.target, { structure: 'kronecker', test: { xs: f.xs }, ...hooks }),
  classStructure: (f, _, hooks) => curvature.classStructure(f.target, { k: 1, traceTol: 0.5, ...hooks }),
  randomLabels: ({ ys }) => curvature.randomLabels(ys, { seed: 1 }),
};

/** Public names that run nothing on the device. */
export const withoutComputation = [
  'CurvatureArgumentError',
  'DifferentiationError',
  'escapeVariants',
  'register',
  'registerNSGD',
  'registerChainedOps',
];
