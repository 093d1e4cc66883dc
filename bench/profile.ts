// node --experimental-wasm-relaxed-simd --import tsx bench/profile.ts [--model M1] [--of gradient|forward|product] [--repeats 100] [--threads 1]
// Where the time of a model of the bench goes: calls and milliseconds of each kernel of the WASM backend, and the rest.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import { linearize } from '../src/autodiff/linearize.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { createModels } from './models.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'M1' },
    of: { type: 'string', default: 'gradient' },
    repeats: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1' },
  },
});
const repeats = Number(values.repeats);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

await registerWasmTrainingKernels({ threads: Number(values.threads) });
await tf.setBackend('wasm');
const model = createModels().find(({ name }) => name === values.model);
if (model == null) throw new Error(`--model: one of M1, M2, M3, M4, not ${values.model}`);
const { loss, variables } = model;
const size = variables.reduce((sum, variable) => sum + variable.size, 0);
const direction = tf.randomNormal([size], 0, 1, 'float32', 7) as tf.Tensor1D;
const kept = linearize(loss, variables);
const runs: Record<string, () => void> = {
  forward: () => tf.tidy(() => void loss()),
  gradient: () => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose([value, ...Object.values(grads)]);
  },
  product: () => kept.hvp(direction).dispose(),
};
const run = runs[values.of];
if (run == null) throw new Error(`--of: one of ${Object.keys(runs)}, not ${values.of}`);

interface Entry {
  calls: number;
  milliseconds: number;
}

const byKernel = new Map<string, Entry>();
let depth = 0;
for (const config of tf.getKernelsForBackend('wasm')) {
  const { kernelName, kernelFunc } = config;
  const timed: tf.KernelFunc = (call) => {
    const start = performance.now();
    depth++;
    try {
      return kernelFunc(call);
    } finally {
      depth--;
      // A kernel that runs others answers for them.
      if (depth === 0) {
        const entry = byKernel.get(kernelName) ?? { calls: 0, milliseconds: 0 };
        entry.calls++;
        entry.milliseconds += performance.now() - start;
        byKernel.set(kernelName, entry);
      }
    }
  };
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...config, kernelFunc: timed });
}
for (let i = 0; i < repeats / 4; i++) run();
byKernel.clear();
const start = performance.now();
for (let i = 0; i < repeats; i++) run();
const all = (performance.now() - start) / repeats;

const entries = [...byKernel].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
const total = (pick: (entry: Entry) => number): number =>
  entries.reduce((sum, [, entry]) => sum + pick(entry), 0) / repeats;
print(`${values.model} ${values.of}, ${repeats} times, means\n\n| kernel | calls | ms |\n|---|---|---|`);
for (const [name, { calls, milliseconds }] of entries) {
  print(`| ${name} | ${calls / repeats} | ${(milliseconds / repeats).toFixed(3)} |`);
}
const inKernels = total(({ milliseconds }) => milliseconds);
print(`| all kernels | ${total(({ calls }) => calls)} | ${inKernels.toFixed(3)} |`);
print(`| the rest | | ${(all - inKernels).toFixed(3)} |`);
