// Bundled and started by solvers.mjs: <repository root> <rounds> <wall|cpu> <threads, comma separated> <parts, comma separated>
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import type { SpectrumCase } from '../test/spectrum-case.js';
import { mnistMlp, simpleCnn } from '../test/spectrum-case.js';
import { now, setClock } from './clock.js';
import { spread } from './interleave.js';
import { jacobianTables } from './jacobian-products.js';
import { productTables } from './solver-products.js';
import { shareTable } from './solver-share.js';
import { trackingTable } from './solver-tracking.js';
import { printTable } from './tables.js';

const [root = '.', roundsText = '5', clock = 'wall', counted = '1', named = ''] = process.argv.slice(2);
setClock(clock === 'cpu' ? 'cpu' : 'wall');
const rounds = Number(roundsText);
const counts = counted.split(',').map(Number);
const parts = named.split(',');

const { reason } = await registerWasmTrainingKernels({ threads: Math.max(...counts) });
if (reason != null) throw new Error(reason);
await tf.setBackend('wasm');

interface Run {
  readonly name: string;
  readonly products: number;
  readonly milliseconds: number;
  readonly error: number;
}

async function ours(net: SpectrumCase, confirm: number, threads: number): Promise<Run> {
  await registerWasmTrainingKernels({ threads });
  const start = now();
  const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
  const result = await lanczos(hessian, { k: 5, confirm });
  const milliseconds = now() - start;
  const error = Math.max(...result.eigenvalues.map((x, i) => Math.abs(x / net.expected.largest[i]! - 1)));
  result.dispose();
  hessian.dispose();
  const name = `lanczos${confirm === 0 ? ', confirm 0' : ''}${threads === 1 ? '' : `, ${threads} threads`}`;
  return { name, products: result.numMatvecs, milliseconds, error };
}

function torch(folder: string, seed: number): Run[] {
  const script = join(root, 'bench/solvers-worker.py');
  for (const python of ['python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, [script, join(root, 'test/spectra', folder), String(seed)]);
    if (status !== 0) continue;
    return stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Run & { wall: number; cpu: number })
      .map(({ wall, cpu, ...run }) => ({ ...run, milliseconds: clock === 'cpu' ? cpu : wall }));
  }
  return [];
}

/** The same rounds for everybody, one after the other; medians. */
async function compare(
  table: string,
  folder: string,
  make: () => SpectrumCase,
  rounds: number,
): Promise<void> {
  const net = make();
  const runs = new Map<string, Run[]>();
  await ours(net, 3, 1);
  for (let round = 0; round < rounds; round++) {
    const own: Run[] = [];
    for (const threads of counts) own.push(await ours(net, 3, threads));
    own.push(await ours(net, 0, 1));
    for (const run of [...own, ...torch(folder, round)]) {
      runs.set(run.name, [...(runs.get(run.name) ?? []), run]);
    }
  }
  net.dispose();
  const lines = [
    `| ${clock} time | products | ms | ours ÷ it | largest relative error |`,
    '|---|---|---|---|---|',
  ];
  const time = (list: Run[]): number => spread(list.map(({ milliseconds }) => milliseconds)).median;
  const reference = time(runs.get('lanczos')!);
  for (const [name, list] of runs) {
    const products = spread(list.map((run) => run.products)).median;
    const error = Math.max(...list.map((run) => run.error)).toExponential(0);
    const compared = (reference / time(list)).toFixed(2);
    lines.push(`| ${name} | ${products} | ${time(list).toFixed(0)} | ${compared} | ${error} |`);
  }
  printTable(table, lines);
}

if (parts.includes('share')) await shareTable(rounds, counts, clock);
if (parts.includes('mnist')) await compare('solver-mnist', 'mnist-mlp', mnistMlp, rounds);
if (parts.includes('cnn')) await compare('solver-cnn', 'simple-cnn', simpleCnn, Math.ceil(rounds / 5));
if (parts.includes('products')) await productTables();
if (parts.includes('jacobian')) await jacobianTables();
if (parts.includes('tracking')) await trackingTable();
await registerWasmTrainingKernels({ threads: 1 });
