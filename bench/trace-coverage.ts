// npx tsx bench/trace-coverage.ts [--runs 200] [--method hutchinson]
// How often the trace lies within two standard errors of its estimate, by method, spectrum and number of products; the log-determinant of
// A + I/2, and the Frobenius norm.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { parseArgs } from 'node:util';
import type { Estimate, EstimatorOptions } from '../src/estimators/estimate.js';
import { frobeniusNorm } from '../src/estimators/norm.js';
import { trace } from '../src/estimators/trace.js';
import { traceOfFunction } from '../src/estimators/trace-of-function.js';
import type { LinearOperator } from '../src/operators/linear-operator.js';
import { operatorWithSpectrum } from '../test/contract/prescribed-spectrum.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, method: { type: 'string', default: '' } },
});
const runs = Number(values.runs);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
/** More than the smallest eigenvalue of the spectra below is negative. */
const logDamping = 0.5;
interface Method {
  readonly name: string;
  readonly truth: (eigenvalues: readonly number[]) => number;
  readonly estimate: (operator: LinearOperator, options: EstimatorOptions) => Promise<Estimate>;
}
const methods: readonly Method[] = [
  ...(['hutchinson', 'hutch++', 'xtrace'] as const).map((method) => ({
    name: method,
    truth: sum,
    estimate: (operator: LinearOperator, options: EstimatorOptions) =>
      trace(operator, { method, ...options }),
  })),
  {
    name: 'traceOfFunction, log',
    truth: (eigenvalues) => sum(eigenvalues.map((x) => Math.log(x + logDamping))),
    estimate: (operator, options) => traceOfFunction(operator, 'log', { ...options, damping: logDamping }),
  },
  { name: 'frobeniusNorm', truth: (eigenvalues) => Math.hypot(...eigenvalues), estimate: frobeniusNorm },
];
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
  const operator = operatorWithSpectrum(eigenvalues);
  for (const { name: method, truth: truthOf, estimate } of methods) {
    if (!method.includes(values.method)) continue;
    const truth = truthOf(eigenvalues);
    for (const { name: budget, ...options } of budgets) {
      let [covered, real, claimed, products] = [0, 0, 0, 0];
      for (let seed = 0; seed < runs; seed++) {
        const { value, standardError, numMatvecs } = await estimate(operator, { seed, ...options });
        // Float32 products leave some 1e-6 of the trace.
        if (Math.abs(value - truth) <= 2 * standardError + 1e-6 * Math.abs(truth)) covered++;
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
