// Bundled and started by solvers.mjs: <repository root> <rounds> <wall|cpu>
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
import { productTables } from './solver-products.js';

const [root = '.', roundsText = '5', clock = 'wall'] = process.argv.slice(2);
setClock(clock === 'cpu' ? 'cpu' : 'wall');
const rounds = Number(roundsText);
const print = (line: string): boolean => process.stdout.write(`${line}\n`);

await tf.setBackend('wasm');
await registerWasmTrainingKernels();

/** Milliseconds of products and of everything, over one run of `k` pairs. */
async function share(
  operator: LinearOperator,
  k: number,
): Promise<{ own: number; all: number; products: number }> {
  let inside = 0;
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
  return { own: all - inside, all, products: result.numMatvecs };
}

interface Run {
  readonly name: string;
  readonly products: number;
  readonly milliseconds: number;
  readonly error: number;
}

async function ours(net: SpectrumCase, confirm: number): Promise<Run> {
  const start = now();
  const hessian = new HessianOperator(lossObjective(net.loss, net.variables));
  const result = await lanczos(hessian, { k: 5, confirm });
  const milliseconds = now() - start;
  const error = Math.max(...result.eigenvalues.map((x, i) => Math.abs(x / net.expected.largest[i]! - 1)));
  result.dispose();
  hessian.dispose();
  const name = confirm === 0 ? 'lanczos, confirm 0' : 'lanczos';
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
  title: string,
  folder: string,
  make: () => SpectrumCase,
  rounds: number,
): Promise<void> {
  const net = make();
  const runs = new Map<string, Run[]>();
  await ours(net, 3);
  for (let round = 0; round < rounds; round++) {
    for (const run of [await ours(net, 3), await ours(net, 0), ...torch(folder, round)]) {
      runs.set(run.name, [...(runs.get(run.name) ?? []), run]);
    }
  }
  net.dispose();
  print(`\n## ${title}: five largest, from the model to the pairs, ${clock} time\n`);
  print('| | products | ms | ours ÷ it | largest relative error |\n|---|---|---|---|---|');
  const time = (list: Run[]): number => median(list.map(({ milliseconds }) => milliseconds));
  const reference = time(runs.get('lanczos')!);
  for (const [name, list] of runs) {
    const products = median(list.map((run) => run.products));
    const error = Math.max(...list.map((run) => run.error)).toExponential(0);
    print(
      `| ${name} | ${products} | ${time(list).toFixed(0)} | ${(reference / time(list)).toFixed(2)} | ${error} |`,
    );
  }
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
async function tracking(k: number, every: number, measurements: number, tols: number[]): Promise<void> {
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
      print(`| ${k} | ${every} | ${tol} | ${name} | ${each} | ${ratio} | ${wrong} of ${measurements} |`);
    }
  }
  start.dispose();
  hessian.dispose();
  net.dispose();
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

print(`# Solvers, Node ${process.version}\n\n## The solver’s own part of the ${clock} time of a run\n`);
print('| n | k | products | own part |\n|---|---|---|---|');
const net = mnistMlp();
const small = new HessianOperator(lossObjective(net.loss, net.variables));
const big = large();
for (const [operator, pairs] of [
  [small, [5, 10]],
  [big.operator, [10]],
] as const) {
  for (const k of pairs) {
    const runs = [];
    for (let round = 0; round <= Math.min(rounds, operator === small ? rounds : 2); round++) {
      runs.push(await share(operator, k));
    }
    const part = median(runs.slice(1).map(({ own, all }) => own / all));
    print(`| ${operator.size} | ${k} | ${runs[1]!.products} | ${(100 * part).toFixed(1)} % |`);
  }
}
small.dispose();
net.dispose();
big.dispose();
await compare('MNIST net, 512 examples', 'mnist-mlp', mnistMlp, rounds);
print('\n## Tracking the largest along SGD steps, rate 0.05\n');
print('| k | steps between | tol | search | products | ÷ cold | with an eigenvalue off by more than 1e-3 |');
print('|---|---|---|---|---|---|---|');
await tracking(5, 1, 50, [3e-2, 1e-2]);
await tracking(10, 1, 20, [1e-2, 1e-3]);
await tracking(5, 10, 20, [1e-2, 1e-3]);
await tracking(10, 10, 20, [1e-2, 1e-3]);
await productTables(print);
await compare('SimpleCNN, 64 examples', 'simple-cnn', simpleCnn, Math.ceil(rounds / 5));
