// npx tsx bench/trace-coverage.ts [--runs 200]
// How often the trace lies within two standard errors of its estimate, by method, spectrum and number of products.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import type { TraceMethod } from '../src/estimators/trace.js';
import { trace } from '../src/estimators/trace.js';
import { operatorWithSpectrum } from '../test/contract/prescribed-spectrum.js';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '200' } } });
const runs = Number(values.runs);
const n = 120;
const spectra: readonly (readonly [string, (i: number) => number])[] = [
  ['flat', (i) => 1 + 0.5 * Math.sin(i)],
  ['1/i', (i) => 1 / (1 + i)],
  ['0.8^i', (i) => 0.8 ** i],
  ['outliers', (i) => (i < 6 ? 10 - i : 0.3 * Math.sin(i))],
  ['low rank + floor', (i) => (i < 8 ? 5 : 0.01)],
  ['one above a bulk', (i) => (i === 0 ? 1 : 1e-5)],
];
const budgets = [
  { name: '16 products', tol: 1e-9, maxMatvecs: 16 },
  { name: '40 products', tol: 1e-9, maxMatvecs: 40 },
  { name: 'at tol 0.05', tol: 0.05, maxMatvecs: 400 },
];

await tf.setBackend('cpu');
console.log('| method | spectrum | run | within 2 standard errors | claimed / real error | products |');
console.log('|---|---|---|---|---|---|');
for (const [name, spectrum] of spectra) {
  const eigenvalues = Array.from({ length: n }, (_, i) => spectrum(i));
  const truth = eigenvalues.reduce((sum, x) => sum + x, 0);
  const operator = operatorWithSpectrum(eigenvalues);
  for (const method of ['hutchinson', 'hutch++', 'xtrace'] satisfies TraceMethod[]) {
    for (const { name: budget, ...options } of budgets) {
      let [covered, real, claimed, products] = [0, 0, 0, 0];
      for (let seed = 0; seed < runs; seed++) {
        const { value, standardError, numMatvecs } = await trace(operator, { method, seed, ...options });
        // Float32 products leave some 1e-6 of the trace.
        if (Math.abs(value - truth) <= 2 * standardError + 1e-6 * truth) covered++;
        real += (value - truth) ** 2;
        claimed += standardError ** 2;
        products += numMatvecs;
      }
      const [share, factor] = [((100 * covered) / runs).toFixed(0), Math.sqrt(claimed / real).toFixed(1)];
      console.log(
        `| ${method} | ${name} | ${budget} | ${share} % | ${factor} | ${(products / runs).toFixed(0)} |`,
      );
    }
  }
  operator.dispose();
}
