// node --experimental-wasm-relaxed-simd --import tsx bench/threads.ts [--rounds 9] [--models M1,M4] [--threads 1,2] [--no-torch]
// Gradient and kept product on several threads beside one, and beside PyTorch on as many, held to AVX2. One process: threads
// are added and ended between readings, so that those that are compared lie side by side in time.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { linearize } from '../src/autodiff/linearize.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { relaxedSimdBinary } from '../src/wasm/binaries.js';
import {
  fastestRatio,
  interleave,
  ratio,
  repeated,
  spread,
  type Contender,
  type Rounds,
} from './interleave.js';
import { createModels, type BenchModel } from './models.js';
import { TorchWorker } from './torch.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    models: { type: 'string', default: 'M1,M2,M3,M4' },
    threads: { type: 'string', default: '1,2' },
    'no-torch': { type: 'boolean', default: false },
  },
});
const counts = values.threads.split(',').map(Number);
const print = (line = ''): void => void process.stdout.write(`${line}\n`);

/** What keeps PyTorch from instructions that WebAssembly cannot use. */
const AVX2 = { ATEN_CPU_CAPABILITY: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2' };
/** Runs of a model in one reading. */
const REPEATS: Readonly<Record<BenchModel['name'], number>> = { M1: 15, M2: 1, M3: 1, M4: 3 };
const KINDS = ['gradient', 'hvp-kept'];

function contenders({ name, loss, variables }: BenchModel): { list: Contender[]; dispose: () => void } {
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  const direction = tf.keep(tf.randomNormal([size], 0, 1, 'float32', 7)) as tf.Tensor1D;
  const kept = linearize(loss, variables);
  const runs: Record<string, () => void> = {
    gradient: () => {
      const { value, grads } = tf.variableGrads(loss, variables);
      tf.dispose([value, ...Object.values(grads)]);
    },
    'hvp-kept': () => kept.hvp(direction).dispose(),
  };
  const list = KINDS.flatMap((kind) =>
    counts.map((threads) => ({
      name: `${kind} ${threads}`,
      run: async () => {
        await registerWasmTrainingKernels({ threads });
        // New helpers compile what they run.
        const until = performance.now() + 50;
        do runs[kind]!();
        while (performance.now() < until);
        return repeated(REPEATS[name], runs[kind]!)();
      },
    })),
  );
  return { list, dispose: () => [kept, direction].forEach((one) => one.dispose()) };
}

const figure = (value: number | null): string => (value == null ? '–' : value.toFixed(2));

function report(title: string, times: Rounds, above: string, below: string): void {
  const all = ratio(times, above, below);
  if (all == null) return;
  const both = [above, below].map((name) => spread(times.get(name)!).median.toFixed(1)).join(' : ');
  const fastest = figure(fastestRatio(times, above, below));
  print(
    `| ${title} | ${figure(all.median)} (${figure(all.low)}–${figure(all.high)}) | ${fastest} | ${both} |`,
  );
}

const undo = await registerWasmTrainingKernels({ threads: Math.max(...counts) });
if (undo.reason != null) throw new Error(undo.reason);
await tf.setBackend('wasm');
const hasRelaxedSimd = WebAssembly.validate(Buffer.from(relaxedSimdBinary, 'base64'));
print(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}, ${hasRelaxedSimd ? 'relaxed SIMD' : 'SIMD'}, load ${loadavg()[0]!.toFixed(1)}`,
);
const torch = new Map<number, TorchWorker>();
const script = fileURLToPath(new URL('torch-worker.py', import.meta.url));
for (const threads of values['no-torch'] ? [] : counts) {
  const worker = await TorchWorker.start(script, threads, 'wall', AVX2);
  if (worker != null) torch.set(threads, worker);
}
for (const [threads, { description }] of torch) print(`PyTorch on ${threads}: ${description}`);
print('\n| | median of ratios (quartiles) | ratio of minima | medians, ms |\n|---|---|---|---|');
for (const model of createModels().filter(({ name }) => values.models.includes(name))) {
  const { list, dispose } = contenders(model);
  for (const [threads, worker] of torch) {
    for (const kind of KINDS) {
      const run = () => worker.time(model.name, kind, REPEATS[model.name]);
      list.push({ name: `torch ${kind} ${threads}`, run });
    }
  }
  const times = await interleave(list, Number(values.rounds));
  dispose();
  for (const kind of KINDS) {
    for (const threads of counts) {
      const ours = `${kind} ${threads}`;
      if (threads > 1) report(`${model.name} ${kind}, ${threads} threads ÷ 1`, times, ours, `${kind} 1`);
      report(`${model.name} ${kind}, ${threads} threads, ours ÷ PyTorch`, times, ours, `torch ${ours}`);
    }
  }
}
for (const worker of torch.values()) worker.stop();
undo();
