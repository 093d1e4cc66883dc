// node --experimental-wasm-relaxed-simd --import tsx bench/growth.ts [--clock cpu] [--only batch,parameters,k] [--rounds 7]
// How time and memory grow with examples, parameters and pairs, and the exponent of the growth over the upper half.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { parseArgs } from 'node:util';
import { linearize } from '../src/autodiff/linearize.js';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { NSGD } from '../src/optimizers/nsgd.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import type { SpectrumCase } from '../test/spectrum-case.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { now, setClock } from './clock.js';
import { spread } from './interleave.js';
import { randomDirections } from './nsgd-tracking.js';
import { printTable } from './tables.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    clock: { type: 'string', default: 'wall' },
    only: { type: 'string', default: 'batch,parameters,k' },
  },
});
setClock(values.clock === 'cpu' ? 'cpu' : 'wall');
const rounds = Number(values.rounds);
const parts = values.only.split(',');

/** One size: what it took and held. */
interface Point {
  readonly size: number;
  readonly milliseconds: number;
  readonly bytes: number;
}

/** A perceptron 784-width-width-10 on random examples. */
function perceptron(
  width: number,
  batch: number,
): { loss: () => tf.Scalar; variables: tf.Variable[]; dispose: () => void } {
  const net = sequential();
  net.add(layers.dense({ units: width, activation: 'relu', inputShape: [784] }));
  net.add(layers.dense({ units: width, activation: 'relu' }));
  net.add(layers.dense({ units: 10 }));
  const xs = tf.randomNormal([batch, 784], 0, 1, 'float32', 1);
  const labels = Array.from({ length: batch }, (_, i) => i % 10);
  const ys = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32'));
  return {
    loss: () => tf.losses.softmaxCrossEntropy(ys, net.apply(xs) as tf.Tensor) as tf.Scalar,
    variables: net.trainableWeights.map((weight) => weight.read() as tf.Variable),
    dispose: () => {
      net.dispose();
      tf.dispose([xs, ys]);
    },
  };
}

/** The median of several runs, after one to warm up. */
function timed(run: () => void): number {
  run();
  const times = Array.from({ length: rounds }, () => {
    const start = now();
    run();
    return now() - start;
  });
  return spread(times).median;
}

/** A kept product, and the bytes of its tape. */
function product(width: number, batch: number): Omit<Point, 'size'> & { readonly parameters: number } {
  const { loss, variables, dispose } = perceptron(width, batch);
  const before = tf.memory().numBytes;
  const kept = linearize(loss, variables);
  const bytes = tf.memory().numBytes - before;
  const parameters = kept.parameters.size;
  const v = tf.randomNormal([parameters], 0, 1, 'float32', 7) as tf.Tensor1D;
  const milliseconds = timed(() => kept.hvp(v).dispose());
  kept.dispose();
  v.dispose();
  dispose();
  return { milliseconds, bytes, parameters };
}

/** The k largest eigenpairs of the MNIST net's loss on 512 examples, and the bytes that live at most. */
async function pairs(net: SpectrumCase, k: number): Promise<Point & { readonly products: number }> {
  const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
  const before = tf.memory().numBytes;
  let most = before;
  const watched = {
    size: hessian.size,
    matvec: (v: tf.Tensor1D) => {
      most = Math.max(most, tf.memory().numBytes);
      return hessian.matvec(v);
    },
    dispose: () => undefined,
  };
  const start = now();
  const result = await lanczos(watched, { k, tol: 0.05 });
  const milliseconds = now() - start;
  result.dispose();
  hessian.dispose();
  return { size: k, milliseconds, bytes: most - before, products: result.numMatvecs };
}

/** A step of NSGD between refreshes with k directions, and the bytes that it holds. */
function step(k: number): Point {
  const { loss, variables, dispose } = perceptron(256, 128);
  const before = tf.memory().numBytes;
  const optimizer = new NSGD({ learningRate: 1e-3, k, refreshEvery: 0 });
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  tf.tidy(() => optimizer.setDirections(randomDirections(k, size)));
  const milliseconds = timed(() => void optimizer.minimize(loss, false, variables));
  const bytes = tf.memory().numBytes - before;
  optimizer.dispose();
  dispose();
  return { size: k, milliseconds, bytes };
}

/** The slope of log y over log size, by least squares over the upper half of the sizes. */
function exponent(points: readonly Point[], y: (point: Point) => number): number {
  const upper = points.slice(Math.floor(points.length / 2));
  const xs = upper.map(({ size }) => Math.log(size));
  const ys = upper.map((point) => Math.log(y(point)));
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const [centre, height] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - centre) * (ys[i]! - height)));
  return covariance / mean(xs.map((x) => (x - centre) ** 2));
}

const lines = [
  `| ${values.clock} time | sizes | ms | exponent | MiB | exponent |`,
  '|---|---|---|---|---|---|',
];

function report(what: string, points: readonly Point[]): void {
  const list = (show: (point: Point) => string): string => points.map(show).join(' · ');
  const verdict = (value: number, bound: number): string =>
    `${value.toFixed(2)} ${value <= bound ? '✓' : '✗'} ≤ ${bound.toFixed(2)}`;
  const cells = [
    list(({ size }) => (size >= 1e4 ? size.toExponential(1).replace('e+', 'e') : String(size))),
    list(({ milliseconds }) => milliseconds.toPrecision(3)),
    verdict(
      exponent(points, ({ milliseconds }) => milliseconds),
      1.1,
    ),
    list(({ bytes }) => (bytes / 2 ** 20).toPrecision(3)),
    verdict(
      exponent(points, ({ bytes }) => bytes),
      1.05,
    ),
  ];
  lines.push(`| ${what} | ${cells.join(' | ')} |`);
}

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
if (parts.includes('batch')) {
  const points = [32, 64, 128, 256, 512, 1024, 2048].map((size) => ({ size, ...product(256, size) }));
  report('kept product of M1, by examples', points);
}
if (parts.includes('parameters')) {
  // Widths that make some 10⁴, 3 · 10⁴, … 10⁷ parameters.
  const points = [13, 37, 114, 297, 697, 1390, 2780].map((width) => {
    const { parameters, ...measured } = product(width, 128);
    return { size: parameters, ...measured };
  });
  report('kept product of 784-w-w-10, 128 examples, by parameters', points);
}
if (parts.includes('k')) {
  const sizes = [1, 2, 5, 10, 20, 50];
  const net = mnistMlp();
  await pairs(net, 1);
  const found: Awaited<ReturnType<typeof pairs>>[] = [];
  for (const k of sizes) found.push(await pairs(net, k));
  net.dispose();
  const products = found.map(({ products }) => products).join(' · ');
  const each = found.map((point) => ({ ...point, milliseconds: point.milliseconds / point.products }));
  report(`\`lanczos\` on the MNIST net, tol 0.05, by k, for each of ${products} products`, each);
  report('a step of NSGD on M1 between refreshes, by k', sizes.map(step));
}
printTable('growth', lines);
