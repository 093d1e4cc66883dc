/**
 * What curvature is for: the loss around a trained net as pictures, the curvature of each layer, the training digits
 * that help or harm most, how sure a fit is, and
 * what the classes have to do with the outliers.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import * as tfl from '@tensorflow/tfjs-layers';
import { classStructure, influence, layerReport, lossSurface } from 'tfjs-curvature';
import { contourChart, reliefChart, toSvg } from 'tfjs-curvature/plot';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { loadMnist } from '../data/mnist.js';
import { fitWithBand } from './fit.js';
import { bandChart, classesChart } from './pictures.js';

await registerWasmTrainingKernels();
await tf.setBackend('wasm');

const images = loadMnist({ train: 1000, test: 500, seed: 1 });
const [data, test] = [images.train, images.test].map(({ images: pixels, labels, count }) => ({
  xs: tf.tensor2d(pixels, [count, 784]),
  ys: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32')),
})) as [Digits, Digits];

interface Digits {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor;
}

const seeded = (seed: number) => tfl.initializers.glorotNormal({ seed });
const model = tfl.sequential({
  layers: [
    tfl.layers.dense({
      name: 'hidden',
      units: 32,
      inputShape: [784],
      activation: 'relu',
      kernelInitializer: seeded(1),
    }),
    tfl.layers.dense({ name: 'output', units: 10, activation: 'softmax', kernelInitializer: seeded(2) }),
  ],
});
model.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: 'categoricalCrossentropy' });
await model.fit(data.xs, data.ys, { epochs: 15, batchSize: 100, verbose: 0 });
console.log('A net of 784, 32 and 10 units, trained on 1000 digits for 15 epochs.');

await mkdir('out', { recursive: true });
const target = { model, data };
const subtitle = '784-32-10 net, 1000 digits';
const sharp = await lossSurface(target, { plane: 'eigenvectors', extent: 3, steps: 31 });
const random = await lossSurface(target, { plane: 'random', extent: 1, steps: 31 });
await writeFile('out/loss-contours.svg', await toSvg(contourChart(sharp, { subtitle })));
await writeFile('out/loss-relief.svg', await toSvg(reliefChart(random, { subtitle })));
console.log('The loss on two planes: out/loss-contours.svg, out/loss-relief.svg');

console.log('layer    parameters      λ₁    trace per parameter');
const { records } = await layerReport(target);
for (const { layer, parameters, sharpness, tracePerParameter } of records) {
  console.log(
    layer.padEnd(8),
    `${parameters}`.padStart(10),
    sharpness.toPrecision(3).padStart(7),
    tracePerParameter.toExponential(1).padStart(10),
  );
}

const { scores, status } = await influence(target, { test, curvature: 'gaussNewton', damping: 0.01 });
const byScore = scores.map((score, i) => ({ i, score })).sort((a, b) => a.score - b.score);
const show = ({ i, score }: { i: number; score: number }): string =>
  `a ${images.train.labels[i]} (example ${i}, ${score.toExponential(1)})`;
console.log(`Influence on the loss of 500 other digits (${status}).`);
console.log(`harm most: ${byScore.slice(0, 3).map(show).join(', ')}`);
console.log(`help most: ${byScore.slice(-3).reverse().map(show).join(', ')}`);

const structure = await classStructure(target, { hessianExamples: 1000 });
await writeFile('out/classes.svg', await toSvg(classesChart(structure, subtitle)));
const share = ((100 * structure.betweenTrace) / structure.trace).toFixed(0);
console.log(`Outliers and classes: out/classes.svg; ${share} % of the curvature lies between classes.`);

const { points, band, priorPrecision } = await fitWithBand();
const uncertain = `1-16-1 tanh net, σ = 0.1, prior precision ${priorPrecision}`;
await writeFile('out/laplace.svg', await toSvg(bandChart(points, band, uncertain)));
console.log('How sure a fit is: out/laplace.svg');

tf.dispose([data.xs, data.ys, test.xs, test.ys]);
model.dispose();
