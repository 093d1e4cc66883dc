import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { createModel } from '../examples/models/create-model.js';
import { natsWorkers } from '../src/nats/index.js';
import { ShardSum } from '../src/workers/shard-sum.js';
import { ShardedHessian } from '../src/workers/index.js';
import { relativeError } from '../test/golden-case.js';
import { interleave, ratio, spread } from './interleave.js';

/*
 * What NATS costs a product, in processor time on the host, the server and the workers; 200 products with a worker killed
 * every 20 and another started; and how many times the products of one worker two come to, by the clock, for which two
 * cores have to be idle. Needs nats-server, and the package built (`npm run build`) for all but the first.
 *
 *   npx tsx bench/nats.ts [overhead | soak | speedup]
 */

const PORT = 42_424;
const SERVER = `127.0.0.1:${PORT}`;
const root = join(import.meta.dirname, '..');

/** Processor time of a process so far in milliseconds. */
function processorTime({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  // Fields 14 and 15: ticks in user and kernel mode, a hundred in a second.
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

const children: ChildProcess[] = [];

async function start(command: string, args: readonly string[], says: string): Promise<ChildProcess> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    const look = (data: Buffer): void => {
      if (data.toString().includes(says)) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', () => reject(new Error(`${command} ended`)));
  });
  return child;
}

async function overhead(host: NatsConnection, server: ChildProcess, n: number): Promise<void> {
  const products = Math.max(10, Math.min(100, Math.round(5e7 / n)));
  const processes = await Promise.all(
    ['w1', 'w2'].map((name) =>
      start(process.execPath, ['--import', 'tsx', 'bench/nats-echo.ts', SERVER, name], 'serves'),
    ),
  );
  const workers = await natsWorkers(host, { min: 2, waitMs: 20_000 });
  const v = new Float32Array(n).fill(0.5);
  const multiply = async (i: number): Promise<void> => {
    v[0] = i;
    const sum = new ShardSum([{ weight: 0.5 }, { weight: 0.5 }], n);
    await Promise.all(
      workers.map(async ({ service }, id) => {
        const reply = await service.product([id], v);
        if (!reply.ok) throw new Error(reply.message);
        sum.take(id, reply.value[0]!);
      }),
    );
    if (sum.total[0] !== i || sum.total[n - 1] !== 0.5) throw new Error('another sum');
  };
  for (let i = 0; i < 5; i++) await multiply(i);
  // The sum alone, which products on threads take, too.
  const parts = [v.slice(), v.slice()];
  const sumBefore = process.cpuUsage();
  for (let i = 0; i < products; i++) {
    const sum = new ShardSum([{ weight: 0.5 }, { weight: 0.5 }], n);
    parts.forEach((part, id) => sum.take(id, part));
  }
  const summing = process.cpuUsage(sumBefore);
  const times = (): number[] => [server, ...processes].map(processorTime);
  const before = { host: process.cpuUsage(), others: times(), clock: performance.now() };
  for (let i = 0; i < products; i++) await multiply(i);
  const { user, system } = process.cpuUsage(before.host);
  const [serverMs, ...workerMs] = times().map((time, i) => (time - before.others[i]!) / products);
  const clock = (performance.now() - before.clock) / products;
  console.log(
    `n = ${n}: ms of processor time per product: host ${((user + system) / 1000 / products).toFixed(1)}, ` +
      `of which the sum ${((summing.user + summing.system) / 1000 / products).toFixed(1)}, ` +
      `server ${serverMs!.toFixed(1)}, a worker ${workerMs.map((ms) => ms.toFixed(1)).join(' and ')}; ` +
      `${clock.toFixed(1)} ms by the clock`,
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  for (const child of processes) {
    child.removeAllListeners('exit');
    child.kill();
    await once(child, 'exit');
  }
}

async function soak(host: NatsConnection): Promise<void> {
  const launch = (i: number): Promise<ChildProcess> =>
    start(
      process.execPath,
      ['dist/worker-command/main.mjs', '--server', SERVER, '--name', `w${i}`, '--backend', 'cpu'],
      'serves the group',
    );
  const model = layers.sequential({
    layers: [
      layers.layers.dense({ units: 64, inputShape: [100], activation: 'tanh' }),
      layers.layers.dense({ units: 10 }),
    ],
  });
  const data = { xs: tf.randomNormal([256, 100]), ys: tf.randomNormal([256, 10]) };
  const processes = [await launch(0), await launch(1)];
  const workers = await natsWorkers(host, { min: 2, waitMs: 20_000 });
  const hessian = await ShardedHessian.load(workers, model, data, { loss: 'meanSquaredError', numShards: 6 });
  const v = Float32Array.from({ length: hessian.size }, (_, i) => Math.sin(i));
  const expected = await hessian.multiply(v);
  const memory = (): string => `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB`;
  const [tensors, begin] = [tf.memory().numTensors, memory()];
  const delays: number[] = [];
  let alike = 0;
  for (let i = 0; i < 200; i++) {
    const clock = performance.now();
    const product = hessian.multiply(v);
    if (i % 20 === 10) {
      const dying = processes.shift()!;
      dying.removeAllListeners('exit');
      dying.kill('SIGKILL');
    }
    const result = await product;
    alike += Number(result.every((x, j) => Object.is(x, expected[j])));
    if (i % 20 !== 10) continue;
    delays.push(performance.now() - clock);
    processes.push(await launch(i));
    for (const worker of await natsWorkers(host, { waitMs: 20_000 })) await hessian.add(worker);
  }
  console.log(
    `200 products with a worker killed every 20: ${alike} with the same bits, ${hessian.numWorkers} workers at the end; ` +
      `products in which one was killed took ${delays.map((ms) => (ms / 1000).toFixed(2)).join(', ')} s; ` +
      `tensors ${tensors} to ${tf.memory().numTensors}, memory of the host ${begin} to ${memory()}`,
  );
  await hessian.dispose();
}

/** Products per second of the paper's SimpleCNN on 1024 examples: two workers by one. */
async function speedup(host: NatsConnection): Promise<void> {
  const [examples, rounds, bound] = [1024, 9, 2];
  // The kernels use fused multiply-add where there is one.
  const isOld = Number(process.versions.node.split('.')[0]) < 21;
  const flags = isOld ? ['--experimental-wasm-relaxed-simd'] : [];
  for (const name of ['w1', 'w2']) {
    const args = [
      'dist/worker-command/main.mjs',
      '--server',
      SERVER,
      '--group',
      'pair',
      '--name',
      name,
      '--sessions',
      '2',
    ];
    await start(process.execPath, [...flags, ...args], 'serves the group');
  }
  const model = createModel('simple-cnn', { inputShape: [32, 32, 3], classes: 10, seed: 1 });
  const data = {
    xs: tf.randomNormal([examples, 32, 32, 3], 0, 1, 'float32', 1),
    ys: tf.oneHot(
      Array.from({ length: examples }, (_, i) => i % 10),
      10,
    ),
  };
  const load = async (count: number): Promise<ShardedHessian> =>
    ShardedHessian.load(
      await natsWorkers(host, { group: 'pair', min: count, max: count, waitMs: 20_000, silenceMs: 30_000 }),
      model,
      data,
      { loss: 'categoricalCrossentropy', batchSize: 64 },
    );
  const operators = { one: await load(1), two: await load(2) };
  const v = Float32Array.from({ length: operators.one.size }, (_, i) => Math.sin(i));
  const [a, b] = [await operators.one.multiply(v), await operators.two.multiply(v)];
  const times = await interleave(
    Object.entries(operators).map(([name, operator]) => ({
      name,
      run: async () => {
        const clock = performance.now();
        await operator.multiply(v);
        return performance.now() - clock;
      },
    })),
    rounds,
  );
  const { median, low, high } = ratio(times, 'one', 'two')!;
  const [one, two] = ['one', 'two'].map((name) => spread(times.get(name)!).median.toFixed(0));
  console.log(
    `SimpleCNN, ${operators.one.size} parameters, ${examples} examples in batches of 64: ${one} ms a product with one ` +
      `worker, ${two} with two; products per second, two ÷ one: ${median.toFixed(2)} (${low.toFixed(2)} to ` +
      `${high.toFixed(2)}) in ${rounds} interleaved rounds, to reach: ≥ ${bound}; ` +
      `relative difference of the products ${relativeError(b, a).toExponential(0)}`,
  );
  for (const operator of Object.values(operators)) await operator.dispose();
}

const what = process.argv[2];
const server = await start('nats-server', ['-p', String(PORT), '-a', '127.0.0.1'], 'Server is ready');
try {
  const host = await connect({ servers: SERVER });
  const isAsked = (name: string): boolean => what == null || what === name;
  if (isAsked('overhead')) for (const n of [250_000, 1_000_000, 5_000_000]) await overhead(host, server, n);
  if (isAsked('soak')) await soak(host);
  if (isAsked('speedup')) await speedup(host);
  await host.close();
} finally {
  for (const child of children) {
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
  }
}
