// npx tsx bench/soak.ts [--steps 2000]
// Whether anything grows over a long training: NSGD with its searches, a monitor, solvers and analyses, round after round.
// Prints tensors, bytes on the device and the size of the process after each tenth; the tensors and bytes have to stay.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { parseArgs } from 'node:util';
import {
  curvatureMonitor,
  HessianOperator,
  lanczos,
  lossCrossSection,
  modelObjective,
  NSGD,
  spectralDensity,
  stepDecomposition,
  trace,
} from '../src/index.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';

const { values: args } = parseArgs({ options: { steps: { type: 'string', default: '2000' } } });
const steps = Number(args.steps);
const rounds = 10;
const batchSize = 16;
const examples = 160;

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const model = sequential({
  layers: [
    layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 4, activation: 'softmax' }),
  ],
});
const optimizer = new NSGD({ learningRate: 0.05, momentum: 0.9, k: 3, refreshEvery: 20 });
model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
const xs = tf.randomNormal([examples, 8, 8, 1], 0, 1, 'float32', 1);
const labels = tf.tensor1d(
  Array.from({ length: examples }, (_, i) => i % 4),
  'int32',
);
const ys = tf.oneHot(labels, 4);
const objective = modelObjective(model, { xs, ys }, { batchSize: 40 });
const monitor = curvatureMonitor(objective, { k: 2, every: 50 });
const target = { model, data: { xs, ys } };

/** What a program does between epochs. */
async function measure(): Promise<void> {
  const hessian = new HessianOperator(objective);
  (await lanczos(hessian, { k: 2 })).dispose();
  await trace(hessian, { maxMatvecs: 10, tol: 1 });
  await spectralDensity(hessian, { numProbes: 2 });
  hessian.dispose();
  await stepDecomposition(target, { k: 1, learningRate: 0.05, batchSize, minibatches: 2 });
  await lossCrossSection(target, { k: 1, learningRate: 0.05, batchSize, minibatches: 2 });
}

let first: tf.MemoryInfo | null = null;
for (let round = 0; round <= rounds; round++) {
  // The first round fills what is kept for good: compiled kernels, velocities, directions.
  const epochs = Math.ceil(steps / rounds / (examples / batchSize));
  await model.fit(xs, ys, { epochs, batchSize, verbose: 0, callbacks: monitor });
  await measure();
  const memory = tf.memory();
  first ??= memory;
  const resident = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  console.log(
    `${String((round + 1) * epochs * (examples / batchSize)).padStart(7)} steps  ${memory.numTensors} tensors  ` +
      `${memory.numBytes} bytes  process ${resident} MiB`,
  );
  if (memory.numTensors !== first.numTensors || memory.numBytes !== first.numBytes) process.exitCode = 1;
}
console.log(process.exitCode === 1 ? 'something grows' : 'nothing grows');
