/**
 * A Wasserstein GAN with gradient penalty on eight Gaussians in the plane. The penalty is a gradient inside the loss:
 * TensorFlow.js differentiates it wrongly or not at all; with exact gradients its own Adam trains on it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { registerExactGradients } from 'tfjs-curvature';
import { toPng } from 'tfjs-curvature/plot';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { wganChart, type Score } from './picture.js';
import { distanceToModes, modes, modesReached } from './samples.js';
import { Wgan } from './wgan.js';

const settings = { units: 64, batchSize: 256, criticSteps: 5, penalty: 1, seed: 1 } as const;
const steps = 1500;
const reportEvery = 250;
const output = 'out/gradient-penalty.png';

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
registerExactGradients();

const wgan = new Wgan(settings);
const criticOptimizer = tf.train.adam(1e-3, 0.5, 0.9);
const generatorOptimizer = tf.train.adam(1e-3, 0.5, 0.9);
for (let step = 0; step <= steps; step++) {
  if (step % reportEvery === 0) await report(step);
  if (step < steps) wgan.step(criticOptimizer, generatorOptimizer);
}
await mkdir('out', { recursive: true });
await writeFile(output, await toPng(wganChart(await scoreGrid(), 0.1, await points(1000), modes)));
console.log(`samples on the critic's scores: ${output}`);

async function report(step: number): Promise<void> {
  const drawn = await points(1000);
  const distance = distanceToModes(drawn).toFixed(2);
  console.log(
    `step ${String(step).padStart(4)}: mean distance from the nearest mode ${distance}, modes reached ${modesReached(drawn)} of 8`,
  );
}

async function points(count: number): Promise<number[][]> {
  const drawn = wgan.sample(count);
  const values = await drawn.array();
  drawn.dispose();
  return values;
}

/** The critic's scores on a grid of cells of side 0.1 over [−3, 3]². */
async function scoreGrid(): Promise<Score[]> {
  const ticks = Array.from({ length: 60 }, (_, i) => -2.95 + 0.1 * i);
  const places = ticks.flatMap((y) => ticks.map((x) => [x, y]));
  const scores = tf.tidy(() => wgan.score(tf.tensor2d(places)));
  const values = await scores.data();
  scores.dispose();
  return places.map(([x, y], i) => ({ x: x!, y: y!, score: values[i]! }));
}
