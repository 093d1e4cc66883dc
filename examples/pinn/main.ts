/**
 * A physics-informed net: −u″ = π² sin πx on [0, 1], u = 0 at both ends. The loss holds the second derivative of the
 * net, which TensorFlow.js cannot differentiate rightly; with exact gradients any of its optimizers trains on it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
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
registerExactGradients();

const problem = poissonProblem(settings.points, settings.units, settings.seed);
const adam = tf.train.adam(0.005);
const start = performance.now();
const adamCurve = await train(problem, adam, settings.steps, settings.readEvery);
const seconds = (performance.now() - start) / 1000;
const comparison = compareWithSolution(problem.net);
const error = relativeError(comparison);
console.log(
  `Adam: loss ${adamCurve.losses.at(-1)!.toExponential(1)} after ${settings.steps} steps, ${seconds.toFixed(0)} s`,
);
console.log(`relative L2 error of u: ${error.toExponential(1)}`);

const hessian = new HessianOperator(lossObjective(problem.loss, problem.variables));
const pairs = await lanczos(hessian, { k: 3 });
console.log(
  `three largest eigenvalues of the Hessian: ${[...pairs.eigenvalues].map((value) => value.toFixed(0)).join(', ')}`,
);
pairs.dispose();
hessian.dispose();
problem.dispose();

const other = poissonProblem(settings.points, settings.units, settings.seed);
const nsgd = new NSGD({ learningRate: 2e-4, gamma: 0.1, k: 3, momentum: 0.9, refreshEvery: 50 });
const nsgdCurve = await train(other, nsgd, settings.steps, settings.readEvery);
console.log(
  `NSGD: loss ${nsgdCurve.losses.at(-1)!.toExponential(1)} after as many steps, relative L2 error of u: ${relativeError(compareWithSolution(other.net)).toExponential(1)}`,
);
other.dispose();

const { x, u, exact } = comparison;
const chart = pinnChart(
  [
    { name: 'sin πx', x, y: exact },
    { name: 'net', x, y: u },
  ],
  { name: 'error', x, y: u.map((value, i) => value - exact[i]!) },
  [
    { name: 'Adam', x: adamCurve.steps, y: adamCurve.losses },
    { name: 'NSGD', x: nsgdCurve.steps, y: nsgdCurve.losses },
  ],
);
await mkdir('out', { recursive: true });
await writeFile(output, await toSvg(chart));
console.log(`solution, error and losses: ${output}`);
