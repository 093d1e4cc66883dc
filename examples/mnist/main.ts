/**
 * Trains the paper's SimpleCNN on real MNIST with Nudged SGD and with plain SGD, from the same weights on the same
 * batches, and measures the sharpness of the loss along the way.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import type { Optimizer } from '@tensorflow/tfjs-core';
import { curvatureMonitor, modelObjective, NSGD, type CurvatureRecord } from 'tfjs-curvature';
import { learningCurvesChart, sharpnessChart, toSvg } from 'tfjs-curvature/plot';
import { registerWasmTrainingKernels } from 'tfjs-curvature/wasm';
import { simpleCnn } from '../models/simple-cnn.js';
import { firstExamples, loadExamples } from './data.js';
import type { EpochLogs, Outcome } from './report.js';
import { epochRow, heading, introduction, verdict } from './report.js';
import { StatusLine } from './status-line.js';

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
const output = { sharpness: 'out/mnist.svg', learning: 'out/mnist-learning.svg' };

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const { train, validation } = loadExamples(
  settings.trainingExamples,
  settings.validationExamples,
  settings.seed,
);
const sample = firstExamples(train, settings.sampleExamples);
const stepsPerEpoch = Math.ceil(settings.trainingExamples / settings.batchSize);

const { learningRate, epochs } = settings;
const status = new StatusLine(2 * epochs * stepsPerEpoch);
const newModel = () =>
  simpleCnn({ inputShape: [28, 28, 1], classes: 10, seed: settings.seed }, settings.widths);

/** A run, for the charts and for the verdict. */
interface Run extends Outcome {
  readonly records: readonly CurvatureRecord[];
  readonly learningRate: number;
}

/** Trains one model and prints a row per epoch. */
async function run(name: string, optimizer: Optimizer): Promise<Run> {
  const model = newModel();
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const monitor = curvatureMonitor(modelObjective(model, sample), { k: 5, every: settings.measureEvery });
  let last: EpochLogs | undefined;
  status.print(`\n${name}\n${heading}`);
  await model.fit(train.xs, train.ys, {
    epochs,
    batchSize: settings.batchSize,
    // The examples are in random order already; both runs see the same batches.
    shuffle: false,
    validationData: [validation.xs, validation.ys],
    verbose: 0,
    callbacks: [
      monitor,
      {
        onBatchEnd: async () => status.step(name),
        onEpochEnd: async (epoch: number, logs?: object) => {
          last = logs as EpochLogs;
          status.print(epochRow(epoch, last, monitor.records.at(-1)!));
        },
      },
    ],
  });
  const { records } = monitor;
  monitor.dispose();
  model.dispose();
  optimizer.dispose();
  const { loss, val_acc: accuracy } = last!;
  return { name, records, learningRate, loss, validation: accuracy, sharpness: records.at(-1)!.sharpness! };
}

const untrained = newModel();
const { trainingExamples: images, sampleExamples: sampleImages } = settings;
const weights = untrained.countParams();
untrained.dispose();
status.print(introduction({ weights, images, sampleImages, epochs, stepsPerEpoch, learningRate }));

const nsgd = await run('NSGD', new NSGD({ learningRate }));
const sgd = await run('SGD', tf.train.sgd(learningRate));
status.print(`\n${verdict([nsgd, sgd])}`);

const title = 'SimpleCNN on MNIST with NSGD and SGD';
await mkdir('out', { recursive: true });
await writeFile(output.sharpness, await toSvg(sharpnessChart([nsgd, sgd], { title })));
await writeFile(output.learning, await toSvg(learningCurvesChart([nsgd, sgd], { title })));
status.print(`\nSharpness beside 2/η: ${output.sharpness}\nLoss and sharpness: ${output.learning}`);
