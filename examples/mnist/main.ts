/**
 * Trains the paper's SimpleCNN on real MNIST with Nudged SGD and with plain SGD, from the same weights on the same
 * batches, and measures the sharpness of the loss along the way.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import type { Optimizer } from '@tensorflow/tfjs-core';
import { SingleBar } from 'cli-progress';
import { curvatureMonitor, modelObjective, NSGD, type CurvatureRecord } from 'tfjs-curvature';
import { learningCurvesChart, toSvg } from 'tfjs-curvature/plot';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { simpleCnn } from '../models/simple-cnn.js';
import { firstExamples, loadExamples } from './data.js';
import type { EpochLogs } from './report.js';
import { epochRow, heading } from './report.js';

const settings = {
  trainingExamples: 10_240,
  validationExamples: 2_000,
  /** Examples that the curvature is measured on. */
  sampleExamples: 64,
  batchSize: 128,
  epochs: 4,
  learningRate: 0.15,
  /** The paper's net with a quarter of its filters. */
  widths: { filters: 8, kernelSize: 3, hidden: 64 },
  /** Steps from one measurement to the next. */
  measureEvery: 40,
  seed: 1,
} as const;
const output = 'out/mnist.svg';

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const { train, validation } = loadExamples(
  settings.trainingExamples,
  settings.validationExamples,
  settings.seed,
);
const sample = firstExamples(train, settings.sampleExamples);
const stepsPerEpoch = Math.ceil(settings.trainingExamples / settings.batchSize);

/** Trains one model and prints a row per epoch. */
async function run(
  name: string,
  optimizer: Optimizer,
): Promise<{ name: string; records: readonly CurvatureRecord[] }> {
  const model = simpleCnn({ inputShape: [28, 28, 1], classes: 10, seed: settings.seed }, settings.widths);
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const monitor = curvatureMonitor(modelObjective(model, sample), { k: 5, every: settings.measureEvery });
  const bar = new SingleBar({
    format: `${name.padEnd(5)}{bar} step {value} of {total}, {eta} s to go`,
    clearOnComplete: true,
  });
  console.log(`\n${name}\n${heading}`);
  bar.start(settings.epochs * stepsPerEpoch, 0);
  await model.fit(train.xs, train.ys, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    // The examples are in random order already; both runs see the same batches.
    shuffle: false,
    validationData: [validation.xs, validation.ys],
    verbose: 0,
    callbacks: [
      monitor,
      {
        onBatchEnd: async () => bar.increment(),
        onEpochEnd: async (epoch: number, logs?: object) => {
          console.log(epochRow(epoch, logs as EpochLogs, monitor.records.at(-1)!));
        },
      },
    ],
  });
  bar.stop();
  monitor.dispose();
  model.dispose();
  optimizer.dispose();
  return { name, records: monitor.records };
}

const { learningRate } = settings;
const runs = [await run('NSGD', new NSGD({ learningRate })), await run('SGD', tf.train.sgd(learningRate))];
const chart = learningCurvesChart(runs, { title: 'Real MNIST: the paper’s SimpleCNN with NSGD and SGD' });
await mkdir('out', { recursive: true });
await writeFile(output, await toSvg(chart));
console.log(`\nLoss and sharpness against steps: ${output}`);
