// Products per second of a Hessian over two workers and over one: the paper's SimpleCNN on random examples.
// Started by workers.mjs: <script of a thread> <rounds> <examples> <batch size>
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { cpus } from 'node:os';
import workerpool from 'workerpool';
import { createModel } from '../examples/models/create-model.js';
import { pooledWorker, ShardedHessian } from '../src/workers/index.js';
import { relativeError } from '../test/golden-case.js';
import { now } from './clock.js';
import { interleave, ratio, spread } from './interleave.js';

const [script, ...numbers] = process.argv.slice(2);
const [rounds, examples, batchSize] = numbers.map(Number) as [number, number, number];

const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/** How many times the products of one worker two must come to. */
const bound = 1.6;

await tf.setBackend('cpu');
const model = createModel('simple-cnn', { inputShape: [32, 32, 3], classes: 10, seed: 1 });
const data = {
  xs: tf.randomNormal([examples, 32, 32, 3], 0, 1, 'float32', 1),
  ys: tf.oneHot(
    Array.from({ length: examples }, (_, i) => i % 10),
    10,
  ),
};
const load = (count: number): Promise<ShardedHessian> => {
  const pools = Array.from({ length: count }, () =>
    workerpool.pool(script, { maxWorkers: 1, workerType: 'thread' }),
  );
  return ShardedHessian.load(pools.map(pooledWorker), model, data, {
    loss: 'categoricalCrossentropy',
    batchSize,
  });
};
const operators = { one: await load(1), two: await load(2) };
const { size } = operators.one;
const v = Float32Array.from({ length: size }, (_, i) => Math.sin(i));

const [a, b] = [await operators.one.multiply(v), await operators.two.multiply(v)];
const difference = relativeError(b, a);

const times = await interleave(
  Object.entries(operators).map(([name, operator]) => ({
    name,
    run: async () => {
      const start = now();
      await operator.multiply(v);
      return now() - start;
    },
  })),
  rounds,
);
const { median, low, high } = ratio(times, 'one', 'two')!;
print(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, wall time`);
print(
  `SimpleCNN, ${size} parameters, ${examples} examples in batches of ${batchSize}, ${rounds} interleaved rounds\n`,
);
print('| workers | ms a product, median (quartiles) |\n|---|---|');
for (const name of ['one', 'two']) {
  const time = spread(times.get(name)!);
  print(`| ${name} | ${time.median.toFixed(0)} (${time.low.toFixed(0)} to ${time.high.toFixed(0)}) |`);
}
print(
  `\nproducts per second, two ÷ one: ${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}), to reach: ≥ ${bound}`,
);
print(`relative difference of the products: ${difference.toExponential(0)}`);
for (const operator of Object.values(operators)) await operator.dispose();
