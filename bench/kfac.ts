// npx tsx bench/kfac.ts [--rounds 5] [--clock cpu] [--models M1,M2] [--no-solve]
// What KFACOperator costs beside a gradient, on the models of the kernel bench, and what its inverse does for conjugate gradient.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import type { Objective } from '../src/objectives/objective.js';
import { lossObjective } from '../src/objectives/objective.js';
import { GaussNewtonOperator } from '../src/operators/gauss-newton.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { KFACOperator } from '../src/operators/kfac.js';
import type { KFACOptions } from '../src/operators/kronecker/kfac-options.js';
import { solve } from '../src/solvers/conjugate-gradient.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { now, setClock } from './clock.js';
import type { Contender } from './interleave.js';
import { fastestRatio, interleave, ratio, repeated, spread } from './interleave.js';
import { BATCH, createModels } from './models.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    clock: { type: 'string', default: 'wall' },
    models: { type: 'string', default: 'M1,M2' },
    'no-solve': { type: 'boolean', default: false },
  },
});
setClock(values.clock === 'cpu' ? 'cpu' : 'wall');
await tf.setBackend('wasm');
await registerWasmTrainingKernels();

const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/** What is to be reached, in gradients. */
const bounds: Readonly<Record<string, number>> = {
  'M2 build, Monte Carlo': 6,
  'M1 product': 4,
  'M2 product': 0.5,
};

print(`${BATCH} examples; ${values.clock} time, median of the rounds and quartiles`);
print('| | gradients | fastest | to reach | ms |');
print('|---|---|---|---|---|');
for (const { name, loss, forward, variables } of createModels()) {
  if (!values.models.split(',').includes(name)) continue;
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: BATCH }, (_, i) => i % 10),
      'int32',
    ),
    10,
  );
  const split = {
    outputs: forward,
    loss: (z: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, z),
    likelihood: 'categorical' as const,
  };
  const objective = lossObjective(split, variables);
  const build = (options: KFACOptions) => (): void => new KFACOperator(objective, options).dispose();
  const kfac = new KFACOperator(objective, { type: 'monteCarlo' });
  const corrected = new KFACOperator(objective, { type: 'monteCarlo', correctEigenvalues: true });
  const gaussNewton = new GaussNewtonOperator(objective);
  const vector: tf.Tensor1D = tf.randomNormal([kfac.size], 0, 1, 'float32', 7);
  const start = now();
  const inverse = await kfac.inverse({ damping: 1e-3 });
  const inversion = now() - start;
  const times = (operator: { matvec(v: tf.Tensor1D): tf.Tensor }) => (): void =>
    operator.matvec(vector).dispose();
  const repeats = name === 'M1' ? 9 : 1;
  const few = (run: () => void): (() => number) => repeated(repeats, run);
  const contenders: Contender[] = [
    {
      name: 'gradient',
      run: few(() => {
        const { value, grads } = tf.variableGrads(loss, variables);
        tf.dispose([value, grads]);
      }),
    },
    { name: 'build, Monte Carlo', run: few(build({ type: 'monteCarlo' })) },
    { name: 'build, Monte Carlo, reduce', run: few(build({ type: 'monteCarlo', setting: 'reduce' })) },
    { name: 'build, exact', run: few(build({})) },
    { name: 'product', run: repeated(9, times(kfac)) },
    { name: 'product, EKFAC', run: repeated(9, times(corrected)) },
    { name: 'product of the inverse', run: repeated(9, times(inverse)) },
    { name: 'product, Gauss-Newton', run: few(times(gaussNewton)) },
  ];
  const rounds = await interleave(contenders, Number(values.rounds));
  for (const contender of contenders.slice(1)) {
    const { median, low, high } = ratio(rounds, contender.name, 'gradient')!;
    const fastest = fastestRatio(rounds, contender.name, 'gradient')!.toFixed(2);
    const bound = bounds[`${name} ${contender.name}`];
    const milliseconds = [contender.name, 'gradient'].map((which) =>
      spread(rounds.get(which)!).median.toFixed(1),
    );
    print(
      `| ${name} ${contender.name} | ${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}) | ${fastest} | ` +
        `${bound == null ? '' : `≤ ${bound}`} | ${milliseconds.join(' : ')} |`,
    );
  }
  print(`| ${name} inverse, once | | | | ${inversion.toFixed(0)} |`);
  for (const operator of [kfac, corrected, inverse, gaussNewton]) operator.dispose();
}

/** The products with Gauss-Newton that `solve` needs, without a preconditioner and with one. */
async function benchSolve(title: string, objective: Objective, damping: number): Promise<void> {
  const gaussNewton = new GaussNewtonOperator(objective);
  const hessian = new HessianOperator(objective);
  const gradient = hessian.gradient();
  const options = { damping, tol: 1e-3, maxIterations: 500 };
  const plain = await solve(gaussNewton, gradient, options);
  const cells = [`${plain.numMatvecs}`];
  for (const correctEigenvalues of [false, true]) {
    const kfac = new KFACOperator(objective, { correctEigenvalues });
    const preconditioner = await kfac.inverse({ damping });
    const found = await solve(gaussNewton, gradient, { ...options, preconditioner });
    cells.push(found.status === 'converged' ? `${found.numMatvecs}` : found.status);
    for (const held of [kfac, preconditioner, found]) held.dispose();
  }
  print(`| ${title}, n = ${gaussNewton.size}, δ = ${damping} | ${cells.join(' | ')} |`);
  for (const held of [plain, gaussNewton, hessian, gradient]) held.dispose();
}

/** Softmax regression of 8 inputs, 0.1 to 10 in size, on 200 examples of 3 classes. */
function softmaxRegression(): Objective {
  const inputs = tf.mul(tf.randomNormal([200, 8], 0, 1, 'float32', 1), [10, 5, 3, 1, 1, 0.3, 0.2, 0.1]);
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 200 }, (_, i) => (i * i + 1) % 3),
      'int32',
    ),
    3,
  );
  const kernel = tf.variable(tf.randomNormal([8, 3], 0, 0.3, 'float32', 2));
  const bias = tf.variable(tf.zeros([3]));
  return lossObjective(
    {
      outputs: () => tf.add(tf.matMul(inputs as tf.Tensor2D, kernel as unknown as tf.Tensor2D), bias),
      loss: (z) => tf.losses.softmaxCrossEntropy(labels, z),
      likelihood: 'categorical',
    },
    [kernel, bias],
  );
}

if (!values['no-solve']) {
  print();
  print('products that `solve` needs for the gradient, residual 1e-3');
  print('| | without | KFAC | EKFAC |');
  print('|---|---|---|---|');
  const net = mnistMlp();
  for (const damping of [1e-3, 1e-2, 1e-1]) {
    await benchSolve('softmax regression, 200 examples', softmaxRegression(), damping);
    await benchSolve('MNIST net, 512 examples', lossObjective(net.split, net.variables), damping);
  }
}
