import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { lanczos } from '../../../src/solvers/lanczos.js';
import type { LanczosOptions } from '../../../src/solvers/lanczos-options.js';
import { lobpcg } from '../../../src/solvers/lobpcg.js';
import { operatorWithSpectrum, wantedOf } from '../../contract/prescribed-spectrum.js';
import { bulk, folds, laplacian, line, sequence } from '../../contract/spectra-with-copies.js';
import { useBackend } from '../../wasm-backend.js';

interface Row {
  readonly name: string;
  readonly values: readonly number[];
  readonly options: LanczosOptions;
  /** Products of those of the same run without checks; default 3. */
  readonly most?: number;
}

const rows: readonly Row[] = [
  { name: 'a pair above a bulk', values: [1, 1, 0.97, ...bulk(150, 0, 0.9)], options: { k: 2 } },
  { name: 'a triple above a bulk', values: [1, 1, 1, 0.97, ...bulk(150, 0, 0.9)], options: { k: 3 } },
  { name: 'a pair at a gap of 1e-7', values: [1, 1 - 1e-7, ...bulk(198, 0, 0.9)], options: { k: 2 } },
  {
    name: 'triples',
    values: folds(line(20), 3),
    options: { k: 3 },
    // Three vectors of an eigenspace are as much work as three searches, and the check comes on top.
    most: 3.4,
  },
  {
    name: 'triples, tol 1e-5',
    values: folds(line(20), 3),
    options: { k: 3, tol: 1e-5 },
  },
  // Five vectors of an eigenspace of a line of twelve values: hardly fewer products than n.
  {
    name: '5-folds',
    values: folds(line(12), 5),
    options: { k: 5 },
    most: 5,
  },
  {
    name: '5-folds, SA',
    values: folds(line(12), 5),
    options: { k: 5, which: 'SA' },
    most: 5,
  },
  { name: 'the Laplacian, 8 × 8', values: laplacian(8, 2), options: { k: 3 } },
  { name: 'the Laplacian, 8 × 8, SA', values: laplacian(8, 2), options: { k: 3, which: 'SA' } },
  { name: 'the Laplacian, 5 × 5', values: laplacian(5, 2), options: { k: 3, tol: 1e-5 } },
  { name: 'the Laplacian, 6 × 6 × 6', values: laplacian(6, 3), options: { k: 4 }, most: 3.5 },
  {
    name: 'a simple spectrum, SA, tol 1e-2',
    values: bulk(60, -1, 1),
    options: { k: 2, which: 'SA', tol: 1e-2 },
  },
  {
    name: 'a triple and a bulk, LM',
    values: [-1, -1, -1, 0.97, ...bulk(150, -0.9, 0.9)],
    options: { k: 4, which: 'LM' },
  },
  { name: 'k near n', values: folds([5, 4, 3, 2], 3), options: { k: 11 } },
  { name: 'n small', values: [1, 1, 1, 0.5], options: { k: 3 } },
  // A check finds a copy and is at its end with it: there may be more.
  { name: 'a 4-fold, n = 8', values: [1, 1, 1, 1, 0.74, 0.5, 0.3, 0.1], options: { k: 3 } },
  { name: 'low rank', values: lowRank(3, 0), options: { k: 3 } },
  { name: 'low rank and 0.1 I', values: lowRank(3, 0.1), options: { k: 3, tol: 1e-5, confirm: Infinity } },
  { name: 'low rank, SA', values: lowRank(4, 0).map((x) => -x), options: { k: 4, which: 'SA' } },
];

/** So many eigenvalues 3, then 2 and 1.5, in a space of 50 where all others are alike. */
function lowRank(copies: number, others: number): number[] {
  return [...sequence(copies, () => 3), 2, 1.5, ...sequence(48 - copies, () => others)];
}

describe.each(['cpu', 'wasm'] as const)('lanczos misses no copies of eigenvalues on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  const seeds = backend === 'cpu' ? [0, 1, 2] : [3];

  it.each(rows)('$name', async ({ values, options, most = 3 }) => {
    const { which = 'LA', tol = 1e-3, k = 1 } = options;
    const operator = operatorWithSpectrum(values);
    const norm = Math.max(...values.map(Math.abs));
    const wanted = wantedOf(values, which, k);
    for (const seed of seeds) {
      const unchecked = await lanczos(operator, { ...options, seed, confirm: 0 });
      const result = await lanczos(operator, { ...options, seed });
      expect(result.status).toBe('converged');
      wanted.forEach((value, i) => {
        const error = Math.abs(result.eigenvalues[i]! - value);
        expect(error).toBeLessThanOrEqual(tol * Math.abs(value) + 2e-6 * norm);
      });
      expect(result.numMatvecs).toBeLessThanOrEqual(Math.max(most * unchecked.numMatvecs, k + 1));
      unchecked.dispose();
      result.dispose();
    }
    operator.dispose();
  });
});

function diagonalOperator(values: readonly number[]): LinearOperator {
  const diagonal = tf.tensor1d([...values]);
  return { size: values.length, matvec: (v) => tf.mul(v, diagonal), dispose: () => diagonal.dispose() };
}

describe.each([
  ['lanczos', lanczos],
  ['lobpcg', lobpcg],
])('%s: a narrow spectrum, of which every vector is an eigenvector to the tolerance', (_, solver) => {
  beforeAll(() => useBackend('cpu'));
  const size = 500;
  const values = sequence(size, (i) => 1 + (1e-4 * i) / size);
  [values[7], values[9]] = [1.03, 1.02];

  it.each([undefined, [3, 4], [3, 7]])('from the eigenvectors %j', async (start) => {
    const operator = diagonalOperator(values);
    const rows = start?.map((index) => sequence(size, (i) => (i === index ? 1 : 0)));
    const startVectors = rows && tf.tensor2d(rows);
    for (let seed = 0; seed < 6; seed++) {
      const options = startVectors == null ? { k: 2, seed } : { k: 2, seed, startVectors };
      const { eigenvalues, dispose } = await solver(operator, options);
      expect(eigenvalues[0]).toBeCloseTo(1.03, 3);
      expect(eigenvalues[1]).toBeCloseTo(1.02, 3);
      dispose();
    }
    operator.dispose();
    startVectors?.dispose();
  });
});

describe.each([
  ['lanczos', lanczos],
  ['lobpcg', lobpcg],
])('%s: start vectors that lack what is wanted', (_, solver) => {
  beforeAll(() => useBackend('cpu'));
  const size = 100;
  const spectrum = [1, 0.98, 0.97, ...bulk(size - 3, 0, 0.9)];
  const unit = (index: number): number[] => sequence(size, (i) => (i === index ? 1 : 0));

  it.each([
    ['orthogonal to the first', [sequence(size, (i) => (i === 0 ? 0 : 1 + Math.sin(i)))], 1],
    ['the second alone', [unit(1)], 1],
    ['the second and the third', [unit(1), unit(2)], 2],
  ])('%s', async (_, start, k) => {
    const operator = diagonalOperator(spectrum);
    const startVectors = tf.tensor2d(start);
    for (let seed = 0; seed < 5; seed++) {
      const { eigenvalues, status, dispose } = await solver(operator, { k, seed, startVectors });
      expect(status).toBe('converged');
      eigenvalues.forEach((value, i) => expect(Math.abs(value - spectrum[i]!)).toBeLessThan(1e-4));
      dispose();
    }
    for (const held of [operator, startVectors]) held.dispose();
  });

  it('spends no more on a check than confirm allows, and nothing for 0', async () => {
    const operator = diagonalOperator(spectrum);
    const startVectors = tf.tensor2d([0, 1, 2].map(unit));
    const counts: number[] = [];
    for (const confirm of [0, 1, 4, 200]) {
      const { numMatvecs, dispose } = await solver(operator, { k: 3, confirm, startVectors });
      counts.push(numMatvecs - (counts[0] ?? 0));
      dispose();
    }
    expect(counts[1]).toBe(1);
    expect(counts[2]).toBe(4);
    expect(counts[3]).toBeGreaterThan(4);
    for (const held of [operator, startVectors]) held.dispose();
  });
});
