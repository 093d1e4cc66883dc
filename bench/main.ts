import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { instantiate } from '../src/wasm/module.js';
import { setClock, type Clock } from './clock.js';
import type { Rounds } from './interleave.js';
import { benchKernels, kernelRows } from './kernel-bench.js';
import { benchModel } from './model-bench.js';
import { createModels, type BenchModel } from './models.js';
import { fastestTable, kernelTable, modelTable, timesTable } from './report.js';
import { benchReplaced, replacedTable } from './replaced-bench.js';
import { printTable } from './tables.js';
import { TorchWorker } from './torch.js';

// Started by run.mjs: <torch-worker.py> <output folder> <rounds> <models, comma separated> <kernels?> <clock> <threads>
const [
  script = '',
  output = '',
  roundsText = '9',
  names = '',
  withKernels = 'yes',
  clockName = 'wall',
  counted = '1,2',
] = process.argv.slice(2);
const clock: Clock = clockName === 'cpu' ? 'cpu' : 'wall';
setClock(clock);
const rounds = Number(roundsText);

// CPU time adds up over threads: a second one shows on the wall only.
const counts = clock === 'cpu' ? [1] : counted.split(',').map(Number);
const { reason } = await registerWasmTrainingKernels({ threads: Math.max(...counts) });
if (reason != null) throw new Error(reason);
await tf.setBackend('wasm');
const compiled = await instantiate(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
const fused = compiled?.instructions === 'relaxed-simd';

const torch: TorchWorker[] = [];
for (const instructions of ['native', 'avx2'] as const) {
  for (const threads of counts) {
    const worker = await TorchWorker.start(script, threads, clock, instructions);
    if (worker !== null) torch.push(worker);
  }
}

const results = new Map<BenchModel, Rounds>();
for (const model of createModels()) {
  if (names !== '' && !names.split(',').includes(model.name)) continue;
  process.stderr.write(`${model.name} ${model.title}\n`);
  results.set(model, await benchModel(model, torch, rounds, counts));
}
for (const worker of torch) worker.stop();
await registerWasmTrainingKernels({ threads: 1 });

const kernels = withKernels === 'yes' ? kernelRows() : [];
const replaced = kernels.length > 0 ? await benchReplaced(rounds) : null;
const kernelTimes = kernels.length > 0 ? await benchKernels(kernels, rounds) : new Map<string, number[]>();

const title = fused ? 'SIMD with fused multiply-add (relaxed SIMD)' : 'SIMD without fused multiply-add';
const processor = `${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0]!.toFixed(1)}`;
const machine = `Node ${process.version}, ${processor}, ${rounds} interleaved rounds, ${clock} time, ${title}.`;
const theirs = torch.map(
  ({ instructions, threads, description }) => `${instructions}, ${threads}: ${description}`,
);
printTable('machine', [machine, ...theirs.map((line) => `PyTorch ${line}.`)]);
if (results.size > 0) {
  printTable('ratios', modelTable(results, fused));
  printTable('milliseconds', timesTable(results));
  process.stdout.write(`\n${fastestTable(results).join('\n')}\n`);
}
if (kernels.length > 0) printTable('kernels', kernelTable(kernels, kernelTimes));
if (replaced !== null) printTable('replaced', replacedTable(replaced));

mkdirSync(output, { recursive: true });
const stem = join(output, fused ? 'bench-fma' : 'bench-plain');
const record = {
  title,
  machine,
  models: [...results].map(([model, times]) => ({
    model: model.name,
    milliseconds: Object.fromEntries(times),
  })),
  replaced: replaced === null ? {} : Object.fromEntries(replaced),
  kernels: kernels.map(({ name, gflop }) => ({ name, gflop, milliseconds: kernelTimes.get(name) })),
};
writeFileSync(`${stem}.json`, `${JSON.stringify(record, null, 1)}\n`);
// jax-js keeps worker threads alive.
process.exit(0);
