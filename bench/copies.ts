// npx tsx bench/copies.ts [--seeds 40] [--only laplacian] [--confirm 50]
// Whether lanczos misses copies of eigenvalues, and what its checks cost: the table of docs/numerics.md. One row for each
// spectrum, with the default options; right values are closed forms.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../src/random.js';
import type { LanczosOptions } from '../src/solvers/lanczos-options.js';
import { lanczos } from '../src/solvers/lanczos.js';
import { operatorWithSpectrum, wantedOf } from '../test/contract/prescribed-spectrum.js';
import { bulk, folds, laplacian, line, sequence } from '../test/contract/spectra-with-copies.js';

const { values: args } = parseArgs({
  options: {
    seeds: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
    confirm: { type: 'string', default: '' },
  },
});
const seeds = Number(args.seeds);
const checks = args.confirm === '' ? {} : { confirm: Number(args.confirm) };

/** Eigenvalues of a symmetric matrix, in double precision. */
const eigenvaluesOf = (matrix: number[][]): number[] =>
  new EigenvalueDecomposition(new Matrix(matrix), { assumeSymmetric: true }).realEigenvalues;
/** Wilkinson's W⁺ of odd order n: |i − (n − 1)/2| on the diagonal, 1 beside it. Its eigenvalues come in close pairs. */
const wilkinson = (n: number): number[] => {
  const beside = (i: number, j: number): number => (Math.abs(i - j) === 1 ? 1 : 0);
  return eigenvaluesOf(
    sequence(n, Number).map((_, i) =>
      sequence(n, (j) => (i === j ? Math.abs(i - (n - 1) / 2) : beside(i, j))),
    ),
  );
};
/** Eigenvalues of a random symmetric matrix of normal numbers. */
const randomSymmetric = (n: number): number[] => {
  const random = new SeededRandom(3);
  const square = Array.from({ length: n }, () => sequence(n, () => random.normal()));
  return eigenvaluesOf(square.map((row, i) => row.map((x, j) => (x + square[j]![i]!) / 2)));
};

type Row = readonly [name: string, eigenvalues: readonly number[], options: LanczosOptions];
const pair = [1, 1, 0.97, ...bulk(150, 0, 0.9)];
const triple = [1, 1, 1, 0.97, ...bulk(150, 0, 0.9)];
const rows: readonly Row[] = [
  ['a pair above a bulk of 150', pair, { k: 2 }],
  ['a triple above a bulk of 150', triple, { k: 3 }],
  ['a triple, LM', triple.map((x) => -x), { k: 3, which: 'LM' }],
  ['a pair 1e-7 apart above a bulk of 198', [1, 1 - 1e-7, ...bulk(198, 0, 0.9)], { k: 2 }],
  ['a pair 1e-7 apart above a dense line', [1, 1 - 1e-7, ...sequence(198, (i) => 0.99 - i / 200)], { k: 2 }],
  ['a triple, 2, 1.5 and 45 zeros', [3, 3, 3, 2, 1.5, ...sequence(45, () => 0)], { k: 3 }],
  ['20 triples', folds(line(20), 3), { k: 3 }],
  ['20 triples, tol 1e-5', folds(line(20), 3), { k: 3, tol: 1e-5 }],
  ['20 triples, SA', folds(line(20), 3), { k: 3, which: 'SA' }],
  ['12 5-folds', folds(line(12), 5), { k: 5 }],
  ['12 5-folds, SA', folds(line(12), 5), { k: 5, which: 'SA' }],
  ['Laplacian 8 × 8', laplacian(8, 2), { k: 3 }],
  ['Laplacian 8 × 8, SA', laplacian(8, 2), { k: 3, which: 'SA' }],
  ['Laplacian 5 × 5, tol 1e-5', laplacian(5, 2), { k: 3, tol: 1e-5 }],
  ['Laplacian 6 × 6 × 6', laplacian(6, 3), { k: 4 }],
  ['Laplacian 6 × 6 × 6, SA', laplacian(6, 3), { k: 4, which: 'SA' }],
  ['Wilkinson 201', wilkinson(201), { k: 10 }],
  ['ten random blocks of 20', folds(randomSymmetric(20), 10), { k: 10 }],
  ['ten random blocks of 20, SA', folds(randomSymmetric(20), 10), { k: 10, which: 'SA' }],
  ['ten Laplacian blocks of 20', folds(laplacian(20, 1), 10), { k: 10 }],
  [
    'ten blocks of 1, 1/2, …, 2⁻¹⁹',
    folds(
      sequence(20, (i) => 0.5 ** i),
      10,
    ),
    { k: 10 },
  ],
  ['60 at random, SA, tol 1e-2', bulk(60, -1, 1), { k: 2, which: 'SA', tol: 1e-2 }],
  ['60 on a line, k = 5', line(60), { k: 5 }],
];

await tf.setBackend('cpu');
console.log('| spectrum | converged | of these wrong | products | without checks | quotient |');
console.log('|---|---|---|---|---|---|');
for (const [name, eigenvalues, options] of rows) {
  if (!name.includes(args.only)) continue;
  const { k = 1, which = 'LA', tol = 1e-3 } = options;
  const operator = operatorWithSpectrum(eigenvalues);
  const wanted = wantedOf(eigenvalues, which, k);
  const rounding = 2e-6 * Math.max(...eigenvalues.map(Math.abs));
  let [converged, wrong, products, unchecked] = [0, 0, 0, 0];
  for (let seed = 0; seed < seeds; seed++) {
    const bare = await lanczos(operator, { ...options, seed, confirm: 0 });
    const found = await lanczos(operator, { ...options, ...checks, seed });
    const isMissed = (value: number, i: number): boolean =>
      Math.abs(found.eigenvalues[i]! - value) > tol * Math.abs(value) + rounding;
    if (found.status === 'converged') {
      converged++;
      if (wanted.some(isMissed)) wrong++;
    }
    products += found.numMatvecs;
    unchecked += bare.numMatvecs;
    found.dispose();
    bare.dispose();
  }
  operator.dispose();
  const [mean, without] = [products, unchecked].map((sum) => (sum / seeds).toFixed(0));
  const quotient = (products / unchecked).toFixed(1);
  console.log(`| ${name} | ${converged} of ${seeds} | ${wrong} | ${mean} | ${without} | ${quotient} |`);
}
