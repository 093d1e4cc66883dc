// node --experimental-wasm-relaxed-simd --import tsx bench/first-order.ts [--models M1,M2] [--rounds 15] [--cpu]
// What a first-order gradient by registerExactGradients takes, beside TensorFlow.js's own: time, interleaved, and bytes at
// the most, on the WASM backend with the training kernels.
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import { NSGD, registerExactGradients } from '../src/index.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { peakBytes } from '../test/peak-bytes.js';
import { setClock } from './clock.js';
import { interleave, ratio, repeated } from './interleave.js';
import type { BenchModel } from './models.js';
import { createModels } from './models.js';
import { printTable } from './tables.js';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'M1,M2,M3,M4' },
    rounds: { type: 'string', default: '15' },
    /** Times of this process instead of the clock on the wall: for a machine that is busy with other things. */
    cpu: { type: 'boolean', default: false },
  },
});
if (values.cpu) setClock('cpu');

/** Gradients in a row, so that a run takes tens of milliseconds. */
const REPEATS: Readonly<Record<BenchModel['name'], number>> = { M1: 20, M2: 2, M3: 2, M4: 4 };

await tf.setBackend('wasm');
await registerWasmTrainingKernels();
const lines = [
  '| model | gradient over our tape ÷ stock’s (quartiles) | peak bytes, ours ÷ stock’s | plain step of NSGD ÷ SGD’s |',
  '|---|---|---|---|',
];
for (const { name, loss, variables } of createModels()) {
  if (!values.models.split(',').includes(name)) continue;
  const gradient = (): void => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose([value, ...Object.values(grads)]);
  };
  const registered = (f: () => number): number => {
    const undo = registerExactGradients();
    try {
      return f();
    } finally {
      undo();
    }
  };
  const [sgd, nsgd] = [tf.train.sgd(0), new NSGD({ learningRate: 1e-9, gamma: 1, refreshEvery: 0 })];
  const step = (optimizer: tf.Optimizer) => (): void => {
    optimizer.minimize(loss, false, variables);
  };
  const times = await interleave(
    [
      { name: 'stock', run: repeated(REPEATS[name], gradient) },
      { name: 'ours', run: () => registered(repeated(REPEATS[name], gradient)) },
      { name: 'sgd', run: repeated(REPEATS[name], step(sgd)) },
      { name: 'nsgd', run: repeated(REPEATS[name], step(nsgd)) },
    ],
    Number(values.rounds),
  );
  const bytes = { stock: peakBytes(gradient), ours: registered(() => peakBytes(gradient)) };
  const time = ratio(times, 'ours', 'stock')!;
  const steps = ratio(times, 'nsgd', 'sgd')!;
  const figures = [
    `${time.median.toFixed(2)} (${time.low.toFixed(2)}–${time.high.toFixed(2)})`,
    (bytes.ours / bytes.stock).toFixed(2),
    steps.median.toFixed(2),
  ];
  lines.push(`| ${name} | ${figures.join(' | ')} |`);
}
printTable('first-order', lines);
