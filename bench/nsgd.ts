// node --experimental-wasm-relaxed-simd --import tsx bench/nsgd.ts [--rounds 9] [--clock cpu] [--threads 1,2] [--only steps,epochs,quality,growth]
// What NSGD costs beside tf.train.sgd, how near its directions are to the exact ones, and whether memory grows.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { refreshDirections } from '../src/callbacks/refresh-directions.js';
import { modelObjective } from '../src/objectives/model-objective.js';
import { NSGD } from '../src/optimizers/nsgd.js';
import type { NSGDOptions } from '../src/optimizers/nsgd-options.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import type { Clock } from './clock.js';
import { now, setClock } from './clock.js';
import type { Contender, Rounds } from './interleave.js';
import { fastestRatio, interleave, ratio, repeated, spread } from './interleave.js';
import { createModels } from './models.js';
import { MnistNet } from './mnist-net.js';
import { randomDirections, trackingQuality } from './nsgd-tracking.js';
import { printTable } from './tables.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    clock: { type: 'string', default: 'wall' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: 'steps,epochs,quality,growth' },
  },
});
const rounds = Number(values.rounds);
const clock: Clock = values.clock === 'cpu' ? 'cpu' : 'wall';
const sections = values.only.split(',');
const counts = values.threads.split(',').map(Number);

const print = (line = ''): void => void process.stdout.write(`${line}\n`);

const lines = [
  `| ${rounds} interleaved rounds | threads | ÷ \`tf.train.sgd\`, median (quartiles) | fastest | bound | ms |`,
  '|---|---|---|---|---|---|',
];

function report(
  what: string,
  threads: number,
  times: Rounds,
  above: string,
  below: string,
  bound: number,
): void {
  const { median, low, high } = ratio(times, above, below)!;
  const fastest = fastestRatio(times, above, below)!.toFixed(2);
  const milliseconds = [above, below].map((name) => spread(times.get(name)!).median.toFixed(1)).join(' : ');
  const quartiles = `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  const isMet = median <= bound ? '✓' : '✗';
  lines.push(
    `| ${what} | ${threads} | ${quartiles} | ${fastest} | ${isMet} ≤ ${bound.toFixed(2)} | ${milliseconds} |`,
  );
}

/** Bytes a millisecond at which memory is read: the fastest of several sums over more than any cache holds. */
function streamingRate(): number {
  const numbers = tf.ones([64, 1 << 20]);
  const times = Array.from({ length: 10 }, () => {
    const start = performance.now();
    tf.sum(numbers, 1).dispose();
    return performance.now() - start;
  });
  numbers.dispose();
  return (4 * numbers.size) / Math.min(...times);
}

/** One step between refreshes, k = 10, on the models of the kernel bench. */
async function benchSteps(rate: number, threads: number): Promise<void> {
  for (const model of createModels().slice(0, 2)) {
    const { loss, variables, name, title } = model;
    const size = variables.reduce((sum, variable) => sum + variable.size, 0);
    const nsgd = new NSGD({ learningRate: 1e-3, k: 10, refreshEvery: 0 });
    const directions = randomDirections(10, size);
    nsgd.setDirections(directions);
    directions.dispose();
    const contender = (who: string, optimizer: tf.Optimizer): Contender => ({
      name: who,
      run: repeated(name === 'M1' ? 20 : 1, () => {
        tf.tidy(() => void optimizer.minimize(loss, false, variables));
      }),
    });
    const times = await interleave([contender('sgd', tf.train.sgd(1e-3)), contender('nsgd', nsgd)], rounds);
    // M1: V is read twice, and a fifth may go beside it. M2's gradient takes so long that this is little.
    const reading = (8 * 10 * size) / rate / Math.min(...times.get('sgd')!);
    const bound = name === 'M1' ? Math.min(1.25, 1 + 1.2 * reading) : 1.03;
    report(`a step between refreshes, k = 10, ${title}`, threads, times, 'nsgd', 'sgd', bound);
    nsgd.dispose();
  }
}

/** Whole epochs of model.fit on the MNIST net. */
async function benchEpochs(threads: number): Promise<void> {
  const learningRate = 0.1;
  const contender = (name: string, optimizer: tf.Optimizer, paper: NSGD | null): Contender => {
    const net = new MnistNet();
    net.model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    const batchSize = Math.round(0.05 * net.data.xs.shape[0]);
    const callbacks =
      paper == null
        ? []
        : [
            refreshDirections(paper, modelObjective(net.model, net.data, { batchSize }), {
              sampleSize: 0.05,
            }),
          ];
    return {
      name,
      run: async () => {
        const from = now();
        await net.model.fit(net.data.xs, net.data.ys, { batchSize: 128, epochs: 1, verbose: 0, callbacks });
        return now() - from;
      },
    };
  };
  const paper = new NSGD({ learningRate, k: 5, refreshEvery: 0 });
  const contenders = [
    contender('sgd', tf.train.sgd(learningRate), null),
    contender('default', new NSGD({ learningRate }), null),
    contender('paper', paper, paper),
  ];
  const times = await interleave(contenders, rounds);
  report('an epoch of the MNIST net, default settings', threads, times, 'default', 'sgd', 1.25);
  report(
    'the same, directions once per epoch from 5 % of the data, K = 5',
    threads,
    times,
    'paper',
    'sgd',
    2,
  );
}

/** Directions of the tracker beside exact ones over the first 300 steps. */
async function benchQuality(): Promise<void> {
  const rows = ['| settings | mean principal-angle cosine, 300 steps | searches |', '|---|---|---|'];
  const settings: Omit<NSGDOptions, 'learningRate'>[] = [
    {},
    { refreshEvery: 100 },
    { refreshEvery: 100, trackEvery: 20 },
    { tol: 0.1 },
    { tol: 0.2 },
  ];
  for (const options of settings) {
    const { cosine, searches } = await trackingQuality({ learningRate: 0.1, ...options }, 300, 10);
    const title =
      Object.keys(options).length === 0 ? 'default (bound ≥ 0.9)' : `\`${JSON.stringify(options)}\``;
    rows.push(`| ${title} | ${cosine.toFixed(3)} | ${searches} |`);
  }
  printTable('nsgd-quality', rows);
}

/** Tensors and bytes after 1000 and after 11 000 steps with refreshes, corrections, momentum and records. */
function benchGrowth(): void {
  const w = tf.variable(tf.randomNormal([20, 10], 0, 1, 'float32', 1));
  const x = tf.randomNormal([16, 20], 0, 1, 'float32', 2);
  const options = { k: 3, refreshEvery: 50, trackEvery: 10, momentum: 0.9, recordSteps: 100 };
  const optimizer = new NSGD({ learningRate: 1e-3, ...options });
  const train = (steps: number): tf.MemoryInfo => {
    for (let step = 0; step < steps; step++) {
      optimizer.minimize(
        () => tf.mean(tf.square(tf.tanh(tf.matMul(x as tf.Tensor2D, w as tf.Tensor as tf.Tensor2D)))),
        false,
        [w],
      );
    }
    return { ...tf.memory() };
  };
  const before = train(1000);
  const after = train(10_000);
  print(
    `\n10 000 steps: ${after.numTensors - before.numTensors} tensors and ${after.numBytes - before.numBytes} bytes more`,
  );
}

setClock(clock);
const { reason } = await registerWasmTrainingKernels({ threads: Math.max(...counts) });
if (reason != null) throw new Error(reason);
await tf.setBackend('wasm');
await registerWasmTrainingKernels({ threads: 1 });
const rate = streamingRate();
for (const threads of counts) {
  await registerWasmTrainingKernels({ threads });
  if (sections.includes('steps')) await benchSteps(rate, threads);
  if (sections.includes('epochs')) await benchEpochs(threads);
}
if (lines.length > 2) {
  const processor = `${cpus().length} × ${cpus()[0]?.model.trim()}`;
  const machine = `Node ${process.version}, ${processor}, ${clock} time; memory is read at ${(rate / 1e6).toFixed(1)} GB/s.`;
  printTable('nsgd', [machine, '', ...lines]);
}
if (sections.includes('quality')) await benchQuality();
if (sections.includes('growth')) benchGrowth();
