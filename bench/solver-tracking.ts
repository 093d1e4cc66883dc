import * as tf from '@tensorflow/tfjs-core';
import { lossObjective } from '../src/objectives/objective.js';
import { HessianOperator } from '../src/operators/hessian.js';
import { lanczos } from '../src/solvers/lanczos.js';
import type { EigenResult } from '../src/solvers/result.js';
import { registerWasmTrainingKernels } from '../src/wasm/index.js';
import { mnistMlp } from '../test/spectrum-case.js';
import { printTable } from './tables.js';

/** Products of searches along a training, cold and warm. */
export async function trackingTable(): Promise<void> {
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
