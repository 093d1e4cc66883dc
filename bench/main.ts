import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
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
import { TorchWorker } from './torch.js';

// Started by run.mjs: <torch-worker.py> <output folder> <rounds> <models, comma separated> <kernels?> <clock>
const [script = '', output = '', roundsText = '9', names = '', withKernels = 'yes', clockName = 'wall'] =
  process.argv.slice(2);
const clock: Clock = clockName === 'cpu' ? 'cpu' : 'wall';
setClock(clock);
const rounds = Number(roundsText);

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const compiled = await instantiate(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
const fused = compiled?.instructions === 'relaxed-simd';

const torch: TorchWorker[] = [];
// CPU time adds up over threads: a second one shows on the wall only.
for (const threads of clock === 'cpu' ? [1] : [1, 2]) {
  const worker = await TorchWorker.start(script, threads, clock);
  if (worker !== null) torch.push(worker);
}

const results = new Map<BenchModel, Rounds>();
for (const model of createModels()) {
  if (names !== '' && !names.split(',').includes(model.name)) continue;
  process.stderr.write(`${model.name} ${model.title}\n`);
  results.set(model, await benchModel(model, torch, rounds));
}
for (const worker of torch) worker.stop();

const kernels = withKernels === 'yes' ? kernelRows() : [];
const replaced = kernels.length > 0 ? await benchReplaced(rounds) : null;
const kernelTimes = kernels.length > 0 ? await benchKernels(kernels, rounds) : new Map<string, number[]>();

const title = fused ? 'SIMD with fused multiply-add (relaxed SIMD)' : 'SIMD without fused multiply-add';
const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${rounds} interleaved rounds, ${clock} time`;
const markdown = [
  `## ${title}`,
  `${machine}${torch.length > 0 ? '' : '; no python with torch found'}`,
  modelTable(results, fused),
  fastestTable(results),
  timesTable(results),
  kernels.length > 0 ? kernelTable(kernels, kernelTimes) : '',
  replaced === null ? '' : replacedTable(replaced),
].join('\n\n');
process.stdout.write(`${markdown}\n`);

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
writeFileSync(`${stem}.md`, `${markdown}\n`);
writeFileSync(`${stem}.json`, `${JSON.stringify(record, null, 1)}\n`);
// jax-js keeps worker threads alive.
process.exit(0);
