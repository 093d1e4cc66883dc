import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import * as curvature from '../../src/index.js';
import * as plot from '../../src/plot/index.js';
import * as wasm from '../../src/wasm/index.js';
import * as workers from '../../src/workers/index.js';

/** Every public name, of every entry point. */
export const publicNames = [curvature, plot, wasm, workers].flatMap((entryPoint) => Object.keys(entryPoint));

/** A public function with arguments that it takes; the last is its options where `hasOptions`. */
export interface PublicFunction {
  /** Called with the arguments, on a new one where it is a constructor or a method. */
  readonly call: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  readonly hasOptions?: boolean;
}

/** All of them by name, on a small model. Not there is what takes no arguments or any at all. */
export function publicFunctions(): { functions: Record<string, PublicFunction>; dispose: () => void } {
  const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [2] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [xs, ys] = [tf.ones([4, 2]), tf.zeros([4, 2])];
  const data = { xs, ys };
  const variable = tf.variable(tf.tensor1d([1, 2, 3]), true, 'exports/w');
  const objective = curvature.modelObjective(model, data);
  const custom = curvature.lossObjective(() => tf.sum(tf.square(variable)), [variable]);
  const operator = curvature.matrixOperator(tf.tidy(() => tf.mul(tf.eye(3), 2)));
  const parametric = new curvature.HessianOperator(objective);
  const { matvec } = operator;
  const rectangular = { shape: [3, 3] as const, matvec, rmatvec: matvec, dispose: () => undefined };
  const vector = tf.tensor1d([1, 2, 3]);
  const rows = tf.tensor2d([[1, 0, 0]]);
  const pairs: curvature.EigenResult = {
    eigenvalues: Float64Array.of(2),
    eigenvectors: rows,
    residualNorms: Float64Array.of(0),
    status: 'converged',
    numConverged: 1,
    numMatvecs: 1,
    asymmetry: 0,
    dispose: () => undefined,
  };
  const saved: curvature.SavedEigenResult = {
    json: {
      format: 'tfjs-curvature/eigen-result',
      version: 1,
      shape: [1, 3],
      eigenvalues: [2],
      residualNorms: [0],
      status: 'converged',
      numConverged: 1,
      numMatvecs: 1,
      asymmetry: 0,
    },
    eigenvectors: Float32Array.of(1, 0, 0),
  };
  const target = { model, data };
  const record = { step: 1, loss: 1, sharpness: 1, accuracy: 0.5, eigenvalues: [2, 1] };
  const surface = {
    xs: [0, 1],
    ys: [0, 1],
    losses: [
      [1, 2],
      [3, 4],
    ],
  };
  const run = { name: 'SGD', records: [record], learningRate: 0.1 };
  const nsgd = (): curvature.NSGD =>
    new curvature.NSGD({ learningRate: 0.1, k: 1, momentum: 0.5, refreshEvery: 0 });
  const onNSGD =
    (use: (optimizer: curvature.NSGD, ...args: never[]) => unknown) =>
    async (...args: never[]): Promise<unknown> => {
      const optimizer = nsgd();
      try {
        return await use(optimizer, ...args);
      } finally {
        optimizer.dispose();
      }
    };
  const answer = (value: unknown) => () => Promise.resolve({ ok: true, value });
  const worker = {
    service: {
      loadModel: answer(6),
      loadShard: answer(null),
      setParameters: answer(null),
      product: answer(new Float32Array(6)),
      dispose: answer(null),
    },
    terminate: () => Promise.resolve(),
  };
  // What a dataset gives belongs to the objective, and goes with it.
  const batch = (): tf.TensorContainerObject => ({ xs: xs.clone(), ys: ys.clone() });
  const dataset = { iterator: () => Promise.resolve([batch()][Symbol.iterator]()) };
  const loss = (): tf.Scalar => tf.sum(tf.square(variable));
  const step = { learningRate: 0.1, k: 1, minibatches: 1, batchSize: 2 };
  const square = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x));
  const functions: Record<string, PublicFunction> = {
    grad: { call: (f: never, x: never) => curvature.grad(f)(x), args: [square, vector] },
    grads: { call: (f: never, x: never) => curvature.grads(f)(x), args: [square, [vector]] },
    valueAndGrad: { call: (f: never, x: never) => curvature.valueAndGrad(f)(x), args: [square, vector] },
    valueAndGrads: { call: (f: never, x: never) => curvature.valueAndGrads(f)(x), args: [square, [vector]] },
    variableGrads: { call: curvature.variableGrads, args: [loss, [variable]] },
    jvp: { call: curvature.jvp, args: [square, vector, vector] },
    vjp: { call: curvature.vjp, args: [square, vector] },
    jacobian: { call: (f: never, x: never) => curvature.jacobian(f)(x), args: [square, vector] },
    hessian: { call: (f: never, x: never) => curvature.hessian(f)(x), args: [square, vector] },
    ParameterSpace: { call: (a: never) => new curvature.ParameterSpace(a), args: [[variable]] },
    'ParameterSpace.flatten': { call: (a: never) => custom.parameters.flatten(a), args: [[vector]] },
    'ParameterSpace.unflatten': { call: (a: never) => custom.parameters.unflatten(a), args: [vector] },
    'ParameterSpace.write': { call: (a: never) => custom.parameters.write(a), args: [vector] },
    linearize: { call: curvature.linearize, args: [loss, [variable]] },
    lossObjective: { call: curvature.lossObjective, args: [loss, [variable]] },
    modelObjective: { call: curvature.modelObjective, args: [model, data, {}], hasOptions: true },
    modelObjectiveFromDataset: {
      call: curvature.modelObjectiveFromDataset,
      args: [model, dataset, {}],
      hasOptions: true,
    },
    HessianOperator: {
      call: (a: never, b: never) => new curvature.HessianOperator(a, b),
      args: [objective, {}],
      hasOptions: true,
    },
    GaussNewtonOperator: { call: (a: never) => new curvature.GaussNewtonOperator(a), args: [objective] },
    gaussNewtonDiagonal: { call: curvature.gaussNewtonDiagonal, args: [objective] },
    FisherOperator: {
      call: (a: never, b: never) => new curvature.FisherOperator(a, b),
      args: [objective, { type: 'exact' }],
      hasOptions: true,
    },
    KFACOperator: {
      call: (a: never, b: never) => new curvature.KFACOperator(a, b),
      args: [objective, {}],
      hasOptions: true,
    },
    JacobianOperator: {
      call: (a: never, b: never, c: never) => new curvature.JacobianOperator(a, b, c),
      args: [model, xs, {}],
      hasOptions: true,
    },
    tangentKernel: { call: curvature.tangentKernel, args: [rectangular] },
    matrixOperator: { call: curvature.matrixOperator, args: [tf.eye(3)] },
    sum: { call: curvature.sum, args: [operator, operator] },
    scaled: { call: curvature.scaled, args: [operator, 2] },
    shifted: { call: curvature.shifted, args: [operator, 2] },
    deflated: { call: curvature.deflated, args: [operator, { eigenvalues: [1], eigenvectors: rows }] },
    lowRankPreconditioner: {
      call: curvature.lowRankPreconditioner,
      args: [{ eigenvalues: [1], eigenvectors: rows }, {}],
      hasOptions: true,
    },
    projected: { call: curvature.projected, args: [operator, rows] },
    blocks: { call: curvature.blocks, args: [parametric] },
    subset: { call: curvature.subset, args: [parametric, [objective.parameters.variables[0]]] },
    materialize: { call: curvature.materialize, args: [operator, {}], hasOptions: true },
    checkOperator: { call: curvature.checkOperator, args: [operator, {}], hasOptions: true },
    lanczos: { call: curvature.lanczos, args: [operator, {}], hasOptions: true },
    saveEigenResult: { call: curvature.saveEigenResult, args: [pairs] },
    loadEigenResult: { call: curvature.loadEigenResult, args: [saved] },
    lobpcg: { call: curvature.lobpcg, args: [operator, {}], hasOptions: true },
    svd: { call: curvature.svd, args: [rectangular, {}], hasOptions: true },
    interiorEigenpairs: { call: curvature.interiorEigenpairs, args: [operator, {}], hasOptions: true },
    powerIteration: { call: curvature.powerIteration, args: [operator, {}], hasOptions: true },
    solve: { call: curvature.solve, args: [operator, vector, {}], hasOptions: true },
    minres: { call: curvature.minres, args: [operator, vector, {}], hasOptions: true },
    lsmr: { call: curvature.lsmr, args: [rectangular, vector, {}], hasOptions: true },
    functionTimesVector: {
      call: curvature.functionTimesVector,
      args: [operator, 'exp', vector, {}],
      hasOptions: true,
    },
    traceOfFunction: { call: curvature.traceOfFunction, args: [operator, 'exp', {}], hasOptions: true },
    trace: { call: curvature.trace, args: [operator, {}], hasOptions: true },
    diagonal: { call: curvature.diagonal, args: [operator, {}], hasOptions: true },
    spectralDensity: { call: curvature.spectralDensity, args: [operator, {}], hasOptions: true },
    frobeniusNorm: { call: curvature.frobeniusNorm, args: [operator, {}], hasOptions: true },
    spectralNorm: { call: curvature.spectralNorm, args: [operator, {}], hasOptions: true },
    conditionNumber: { call: curvature.conditionNumber, args: [operator, {}], hasOptions: true },
    NSGD: {
      call: (a: never) => new curvature.NSGD(a).dispose(),
      args: [{ learningRate: 0.1 }],
      hasOptions: true,
    },
    'NSGD.setLearningRate': { call: onNSGD((o, a: never) => o.setLearningRate(a)), args: [0.1] },
    'NSGD.setGamma': { call: onNSGD((o, a: never) => o.setGamma(a)), args: [0.1] },
    'NSGD.constrain': { call: onNSGD((o, a: never) => o.constrain(a)), args: [model] },
    'NSGD.setDirections': {
      call: onNSGD((o, a: never, b: never) => o.setDirections(a, b)),
      args: [rows, {}],
      hasOptions: true,
    },
    'NSGD.minimize': {
      call: onNSGD((o, a: never, b: never, c: never) => o.minimize(a, b, c)),
      args: [loss, false, [variable]],
    },
    'NSGD.applyGradients': {
      call: onNSGD((o, a: never) => o.applyGradients(a)),
      args: [[{ name: 'exports/w', tensor: vector }]],
    },
    'NSGD.setWeights': {
      call: onNSGD((o, a: never) => o.setWeights(a)),
      args: [[{ name: 'iter', tensor: tf.scalar(1, 'int32') }]],
    },
    register: { call: curvature.register, args: [tf] },
    registerNSGD: { call: curvature.registerNSGD, args: [tf] },
    curvatureMonitor: { call: curvature.curvatureMonitor, args: [objective, {}], hasOptions: true },
    refreshDirections: {
      call: curvature.refreshDirections,
      args: [nsgd(), objective, {}],
      hasOptions: true,
    },
    stepDecomposition: { call: curvature.stepDecomposition, args: [target, step], hasOptions: true },
    gradientAlignment: {
      call: curvature.gradientAlignment,
      args: [target, { k: 1, minibatches: 1, batchSize: 2 }],
      hasOptions: true,
    },
    lossCrossSection: { call: curvature.lossCrossSection, args: [target, step], hasOptions: true },
    escapeAblation: {
      call: curvature.escapeAblation,
      args: [target, { learningRate: 0.1, steps: 1, batchSize: 2 }],
      hasOptions: true,
    },
    distanceTravelled: { call: curvature.distanceTravelled, args: [model] },
    noiseGrid: {
      call: curvature.noiseGrid,
      args: [target, { learningRates: [0.1], batchSizes: [2], steps: 1 }],
      hasOptions: true,
    },
    lossSurface: {
      call: curvature.lossSurface,
      args: [target, { plane: 'random', extent: 1, steps: 2 }],
      hasOptions: true,
    },
    influence: {
      call: curvature.influence,
      args: [target, { test: target.data, damping: 1 }],
      hasOptions: true,
    },
    laplace: { call: curvature.laplace, args: [target, {}], hasOptions: true },
    classStructure: { call: curvature.classStructure, args: [target, {}], hasOptions: true },
    layerReport: { call: curvature.layerReport, args: [target, {}], hasOptions: true },
    noiseGridUnits: {
      call: curvature.noiseGridUnits,
      args: [{ learningRates: [0.1], batchSizes: [2], steps: 1, seeds: [1] }],
      hasOptions: true,
    },
    randomLabels: { call: curvature.randomLabels, args: [ys, {}], hasOptions: true },
    alignmentChart: {
      call: plot.alignmentChart,
      args: [[{ direction: 'e', meanAbsCosine: 0.5 }], {}],
      hasOptions: true,
    },
    crossSectionChart: {
      call: plot.crossSectionChart,
      args: [[{ direction: 'e', offsets: [0, 1], losses: [1, 2] }], {}],
      hasOptions: true,
    },
    eigenvalueChart: { call: plot.eigenvalueChart, args: [[record], {}], hasOptions: true },
    contourChart: { call: plot.contourChart, args: [surface, {}], hasOptions: true },
    reliefChart: { call: plot.reliefChart, args: [surface, {}], hasOptions: true },
    escapeChart: { call: plot.escapeChart, args: [[run], {}], hasOptions: true },
    learningCurvesChart: { call: plot.learningCurvesChart, args: [[run], {}], hasOptions: true },
    sharpnessChart: { call: plot.sharpnessChart, args: [[run], {}], hasOptions: true },
    spectralDensityChart: {
      call: plot.spectralDensityChart,
      args: [{ grid: [1, 2], density: [1, 1] }, {}],
      hasOptions: true,
    },
    stepDecompositionChart: {
      call: plot.stepDecompositionChart,
      args: [[{ direction: 'e', alpha: 1, lossChange: 1 }], {}],
      hasOptions: true,
    },
    toSvg: { call: plot.toSvg, args: [plot.eigenvalueChart([record])] },
    toPng: { call: plot.toPng, args: [plot.eigenvalueChart([record]), { scale: 0.1 }], hasOptions: true },
    ShardedHessian: {
      call: workers.ShardedHessian.load,
      args: [[worker], model, data, {}],
      hasOptions: true,
    },
    pooledWorker: {
      call: workers.pooledWorker,
      args: [{ exec: () => Promise.resolve({ ok: true }), terminate: () => Promise.resolve() }],
    },
  };
  return { functions, dispose: () => parametric.dispose() };
}
