// Bundled and started by solvers.mjs: <repository root> <rounds> <wall|cpu> <threads, comma separated> <parts, comma separated>
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import type { LinearOperator } from '../src/operators/linear-operator.js';
import { lanczos } from '../src/solvers/lanczos.js';
import type { EigenResult } from '../src/solvers/result.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import type { SpectrumCase } from '../test/spectrum-case.js';
import { mnistMlp, simpleCnn } from '../test/spectrum-case.js';
import { now, setClock } from './clock.js';
import { jacobianTables } from './jacobian-products.js';
import { productTables } from './solver-products.js';
import { printTable } from './tables.js';

const [root = '.', roundsText = '5', clock = 'wall', counted = '1', named = ''] = process.argv.slice(2);
setClock(clock === 'cpu' ? 'cpu' : 'wall');
const rounds = Number(roundsText);
const counts = counted.split(',').map(Number);
const parts = named.split(',');

const { reason } = await registerWasmTrainingKernels({ threads: Math.max(...counts) });
if (reason != null) throw new Error(reason);
await tf.setBackend('wasm');

/** Milliseconds spent in the kernels that read all rows of a basis. */
let inRowKernels = 0;

/** Counts the time of the row kernels from now on. */
function timeRowKernels(): void {
  for (const name of ['RowDots', 'RowCombination']) {
    const entry = tf.getKernel(`tfjs-curvature/${name}`, 'wasm')!;
    const { kernelFunc } = entry;
    entry.kernelFunc = (params) => {
      const start = now();
      const result = kernelFunc(params);
      inRowKernels += now() - start;
      return result;
    };
  }
}

/** Milliseconds of a run of `k` pairs: all of it, outside of products, and there of the row kernels. */
async function share(
  operator: LinearOperator,
  k: number,
): Promise<{ own: number; rows: number; all: number; products: number }> {
  let inside = 0;
  inRowKernels = 0;
  const timed: LinearOperator = {
    size: operator.size,
    matvec(v) {
      const start = now();
      const product = operator.matvec(v);
      inside += now() - start;
      return product;
    },
    dispose: () => {},
  };
  const start = now();
  const result = await lanczos(timed, { k });
  const all = now() - start;
  result.dispose();
  return { own: all - inside, rows: inRowKernels, all, products: result.numMatvecs };
}

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
  const time = (list: Run[]): number => median(list.map(({ milliseconds }) => milliseconds));
  const reference = time(runs.get('lanczos')!);
  for (const [name, list] of runs) {
    const products = median(list.map((run) => run.products));
    const error = Math.max(...list.map((run) => run.error)).toExponential(0);
    const compared = (reference / time(list)).toFixed(2);
    lines.push(`| ${name} | ${products} | ${time(list).toFixed(0)} | ${compared} | ${error} |`);
  }
  printTable(table, lines);
}

/** A perceptron of about 2.4 million parameters on 512 random examples. */
function large(): { operator: HessianOperator; dispose: () => void } {
  const shapes = [[784, 1200], [1200], [1200, 1200], [1200], [1200, 10], [10]];
  const weights = shapes.map((shape, i) => {
    const values = tf.randomNormal(
      shape,
      0,
      shape.length > 1 ? Math.sqrt(2 / shape[0]!) : 0.01,
      'float32',
      i,
    );
    const variable = tf.variable(values);
    values.dispose();
    return variable;
  });
  const x: tf.Tensor2D = tf.randomUniform([512, 784], 0, 1, 'float32', 9);
  const y = tf.tidy(() =>
    tf.oneHot(
      Array.from({ length: 512 }, (_, i) => i % 10),
      10,
    ),
  );
  const loss = (): tf.Scalar =>
    tf.tidy(() => {
      let h: tf.Tensor2D = x;
      for (const layer of [0, 1, 2]) {
        h = tf.add(tf.matMul(h, weights[2 * layer] as tf.Tensor as tf.Tensor2D), weights[2 * layer + 1]!);
        if (layer < 2) h = tf.relu(h);
      }
      return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.logSoftmax(h)), -1)));
    });
  const operator = new HessianOperator(lossObjective(loss, weights));
  return {
    operator,
    dispose() {
      operator.dispose();
      tf.dispose([...weights, x, y]);
    },
  };
}

/**
 * Measured every so many SGD steps with the rate 0.05: products of searches from the vectors of the measurement before,
 * with and without looking for others, and of one from nothing; and how far each is from a search to 1e-5.
 */
async function tracking(k: number, every: number, measurements: number, tols: number[]): Promise<string[]> {
  const lines: string[] = [];
  const net = mnistMlp();
  const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
  const start = hessian.parameters.read();
  for (const tol of tols) {
    hessian.parameters.write(start);
    const first = await lanczos(hessian, { k, tol });
    const searches = [
      { name: 'cold', options: {}, last: null as EigenResult | null, products: 0, wrong: 0 },
      { name: 'warm', options: {}, last: first, products: 0, wrong: 0 },
      { name: 'warm, confirm 0', options: { confirm: 0 }, last: first, products: 0, wrong: 0 },
    ];
    for (let m = 0; m < measurements; m++) {
      for (let step = 0; step < every; step++) descend(hessian, 0.05);
      const exact = await lanczos(hessian, { k, tol: 1e-5, seed: m });
      for (const search of searches) {
        const startVectors = search.last?.eigenvectors;
        const found = await lanczos(hessian, { k, tol, seed: m, ...search.options, startVectors });
        search.products += found.numMatvecs;
        const errors = found.eigenvalues.map((x, i) => Math.abs(x / exact.eigenvalues[i]! - 1));
        if (Math.max(...errors) > 1e-3) search.wrong++;
        if (search.last !== first) search.last?.dispose();
        if (search.last == null) found.dispose();
        else search.last = found;
      }
      exact.dispose();
    }
    first.dispose();
    for (const { name, last, products, wrong } of searches) {
      last?.dispose();
      const ratio = (products / searches[0]!.products).toFixed(2);
      const each = (products / measurements).toFixed(1);
      lines.push(`| ${k} | ${every} | ${tol} | ${name} | ${each} | ${ratio} | ${wrong} of ${measurements} |`);
    }
  }
  start.dispose();
  hessian.dispose();
  net.dispose();
  return lines;
}

function descend(hessian: HessianOperator, rate: number): void {
  const gradient = hessian.gradient();
  const before = hessian.parameters.read();
  const after = tf.tidy(() => tf.sub(before, tf.mul(gradient, rate)) as tf.Tensor1D);
  hessian.parameters.write(after);
  tf.dispose([gradient, before, after]);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** The solver's own part of the time of a run, in a process that has run a few before. */
async function shares(): Promise<void> {
  const lines = [
    `| n | k | threads | products | own part of the ${clock} time | of it, row kernels |`,
    '|---|---|---|---|---|---|',
  ];
  timeRowKernels();
  const net = mnistMlp();
  const small = new HessianOperator(lossObjective(net.loss, net.variables));
  const big = large();
  for (const { operator, pairs, warm, counted } of [
    { operator: small, pairs: [5, 10], warm: 10, counted: rounds },
    { operator: big.operator, pairs: [10], warm: 1, counted: Math.min(rounds, 2) },
  ]) {
    for (const k of pairs) {
      for (const threads of counts) {
        await registerWasmTrainingKernels({ threads });
        const runs = [];
        for (let round = 0; round < warm + counted; round++) runs.push(await share(operator, k));
        const after = runs.slice(warm);
        const percent = (part: 'own' | 'rows'): string =>
          `${(100 * median(after.map((run) => run[part] / run.all))).toFixed(1)} %`;
        const { products } = after[0]!;
        lines.push(
          `| ${operator.size} | ${k} | ${threads} | ${products} | ${percent('own')} | ${percent('rows')} |`,
        );
      }
    }
  }
  small.dispose();
  net.dispose();
  big.dispose();
  printTable('solver-share', lines);
}

async function trackings(): Promise<void> {
  await registerWasmTrainingKernels({ threads: 1 });
  printTable('solver-tracking', [
    '| k | steps between | tol | search | products | ÷ cold | with an eigenvalue off by more than 1e-3 |',
    '|---|---|---|---|---|---|---|',
    ...(await tracking(5, 1, 50, [3e-2, 1e-2])),
    ...(await tracking(10, 1, 20, [1e-2])),
    ...(await tracking(5, 10, 20, [1e-2])),
    ...(await tracking(10, 10, 20, [1e-2])),
  ]);
}

if (parts.includes('share')) await shares();
if (parts.includes('mnist')) await compare('solver-mnist', 'mnist-mlp', mnistMlp, rounds);
if (parts.includes('cnn')) await compare('solver-cnn', 'simple-cnn', simpleCnn, Math.ceil(rounds / 5));
if (parts.includes('products')) await productTables();
if (parts.includes('jacobian')) await jacobianTables();
if (parts.includes('tracking')) await trackings();
await registerWasmTrainingKernels({ threads: 1 });
