/**
 * A physics-informed net: −u″ = π² sin πx on [0, 1], u = 0 at both ends. The loss holds the second derivative of the
 * net, which TensorFlow.js cannot differentiate rightly; with exact gradients each of its optimizers trains on it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import type { Optimizer } from '@tensorflow/tfjs-core';
import { HessianOperator, lanczos, lossObjective, NSGD, registerExactGradients } from 'tfjs-curvature';
import { toSvg } from 'tfjs-curvature/plot';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { pinnChart } from './picture.js';
import { compareWithSolution, poissonProblem, relativeError } from './poisson.js';
import { train } from './train.js';

const settings = { points: 64, units: 32, steps: 1500, readEvery: 10, seed: 1 } as const;
const output = 'out/pinn.svg';

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const unregister = registerExactGradients();

/** Trains a net from the same weights as all others, and says how it ended. */
async function run(name: string, optimizer: Optimizer) {
  const problem = poissonProblem(settings.points, settings.units, settings.seed);
  const start = performance.now();
  const { steps, losses } = await train(problem, optimizer, settings.steps, settings.readEvery);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const values = compareWithSolution(problem.net);
  const loss = losses.at(-1)!.toExponential(1);
  const error = relativeError(values).toExponential(1);
  console.log(
    `${name.padEnd(4)}  ${settings.steps} steps in ${seconds} s: loss ${loss}, relative L2 error of u ${error}`,
  );
  return { problem, values, curve: { name, x: steps, y: losses } };
}

const adam = await run('Adam', tf.train.adam(0.001));
const hessian = new HessianOperator(lossObjective(adam.problem.loss, adam.problem.variables));
const pairs = await lanczos(hessian, { k: 5 });
const eigenvalues = [...pairs.eigenvalues].map((value) => value.toFixed(0)).join(', ');
console.log(`      largest eigenvalues of the loss's Hessian there: ${eigenvalues}`);
pairs.dispose();
hessian.dispose();
// Beyond 2(1 + 0.9)/λ₁ = 3e-4 gradient descent with this momentum diverges; along the rest it could go further.
const sgd = await run('SGD', tf.train.momentum(1e-4, 0.9));
const nsgd = await run(
  'NSGD',
  new NSGD({ learningRate: 3e-4, momentum: 0.9, k: 5, gamma: 0.05, refreshEvery: 25 }),
);

const { x, u, exact } = adam.values;
const chart = pinnChart(
  [
    { name: 'sin πx', x, y: exact },
    { name: 'net', x, y: u },
  ],
  { name: 'error', x, y: u.map((value, i) => value - exact[i]!) },
  [adam.curve, sgd.curve, nsgd.curve],
);
await mkdir('out', { recursive: true });
await writeFile(output, await toSvg(chart));
console.log(`solution, error and losses: ${output}`);
for (const { problem } of [adam, sgd, nsgd]) problem.dispose();
unregister();
