import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { driveSync } from '../../../src/tfjs/drive.js';
import type { LanczosOptions } from '../../../src/solvers/lanczos-options.js';
import type { EigenProgress } from '../../../src/solvers/lanczos-options.js';
import { lanczos, lanczosSteps } from '../../../src/solvers/lanczos.js';
import { wantedFirst } from '../../../src/symmetric-eigen.js';
import { loadEigenResult, saveEigenResult } from '../../../src/solvers/result.js';
import { matrixWithSpectrum, operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { peakBytes } from '../../peak-bytes.js';
import { useBackend } from '../../wasm-backend.js';

const n = 80;
const values = Array.from({ length: n }, (_, i) => 10 * 0.8 ** i - 0.5);

describe('lanczos', () => {
  let operator: LinearOperator;
  let tensors: number;
  let bytes: number;
  beforeAll(async () => {
    await useBackend('cpu');
    operator = operatorWithSpectrum(values);
  });
  beforeEach(() => {
    ({ numTensors: tensors, numBytes: bytes } = tf.memory());
  });
  afterEach(() => {
    expect(tf.memory()).toMatchObject({ numTensors: tensors, numBytes: bytes });
  });
  afterAll(() => operator.dispose());

  /** The operator, with something done before its product number `at`. */
  const disturbed = (at: number, act: () => void): LinearOperator => {
    let count = 0;
    return {
      size: n,
      matvec(v) {
        if (++count === at) act();
        return operator.matvec(v);
      },
      dispose: () => {},
    };
  };

  describe('wrong arguments throw, name lanczos, and leave nothing behind', () => {
    it.each<[string, () => LanczosOptions]>([
      ['k from 1 to 80', () => ({ k: 0 })],
      ['k from 1 to 80', () => ({ k: 81 })],
      ['k from 1 to 80', () => ({ k: 1.5 })],
      ['k from 1 to 80', () => ({ k: NaN })],
      ['tol > 0', () => ({ tol: 0 })],
      ['tol > 0', () => ({ tol: -1 })],
      ['tol > 0', () => ({ tol: NaN })],
      ['tol > 0 and < 1', () => ({ tol: 1 })],
      ['tol > 0 and < 1', () => ({ tol: Infinity })],
      ['krylovDim from 6 to 80', () => ({ k: 5, krylovDim: 5 })],
      ['maxRestarts', () => ({ maxRestarts: -1 })],
      ['seed', () => ({ seed: 0.5 })],
      ['confirm', () => ({ confirm: -1 })],
      ["which 'LA', 'SA', 'LM' or 'BE'", () => ({ which: 'LR' as 'LA' })],
      ["k >= 2 with which: 'BE', a pair from each end, received 1", () => ({ which: 'BE' })],
      ['onAbort', () => ({ onAbort: 'resolve' as 'return' })],
    ])('%s', async (expected, options) => {
      const failure = lanczos(operator, options());
      await expect(failure).rejects.toBeInstanceOf(CurvatureArgumentError);
      await expect(failure).rejects.toThrow(expected);
      await expect(failure).rejects.toThrow(/^lanczos: /);
    });

    it.each<[string, number[], RegExp]>([
      ['zero', new Array<number>(n).fill(0), /other than zero.*row 0, zero/],
      ['not finite', new Array<number>(n).fill(NaN), /not finite/],
      ['zero after another', Array.from({ length: 2 * n }, (_, i) => Number(i < n)), /row 1, zero/],
      ['of the wrong length', [1, 2, 3], /\[80\] or \[m, 80\].*\[3\]/],
    ])('a start vector that is %s', async (_, start, message) => {
      const startVectors = start.length > n ? tf.tensor2d(start, [2, n]) : tf.tensor1d(start);
      await expect(lanczos(operator, { startVectors })).rejects.toThrow(message);
      startVectors.dispose();
    });

    it('more start vectors than the basis has room for', async () => {
      const startVectors = tf.ones([4, n]) as tf.Tensor2D;
      await expect(lanczos(operator, { k: 5, krylovDim: 8, startVectors })).rejects.toThrow('m from 1 to 3');
      startVectors.dispose();
    });

    it('a disposed operator', async () => {
      const gone = operatorWithSpectrum([1, 2, 3]);
      gone.dispose();
      await expect(lanczos(gone)).rejects.toThrow(
        /matrixOperator: expected an operator that is not disposed/,
      );
    });

    it('an operator that is not symmetric', async () => {
      const rotation = matrixWithSpectrum(values).map((row, i) => row.map((x, j) => (j > i ? x + 1 : x)));
      const a = tf.tensor2d(rotation);
      const skewed = matrixOperator(a);
      a.dispose();
      await expect(lanczos(skewed, { k: 2 })).rejects.toThrow('a symmetric operator');
      skewed.dispose();
    });

    it('a product of another shape', async () => {
      const odd: LinearOperator = { size: n, matvec: () => tf.ones([3]), dispose: () => {} };
      await expect(lanczos(odd)).rejects.toThrow('LinearOperator.matvec: expected a float32 vector');
    });
  });

  it('passes on what a product throws half-way, and leaves nothing behind', async () => {
    const failing = disturbed(7, () => {
      throw new Error('device lost');
    });
    await expect(lanczos(failing, { k: 3 })).rejects.toThrow('device lost');
  });

  it('stops between two products when aborted, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const counted: EigenProgress[] = [];
    const run = lanczos(operator, {
      k: 5,
      signal: controller.signal,
      onProgress: (progress) => {
        counted.push(progress);
        if (progress.numMatvecs === 8) controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(counted.at(-1)!.numMatvecs).toBe(8);
    await expect(lanczos(operator, { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  it('reports a product that is not finite, with the pairs found before', async () => {
    const result = await lanczos(
      {
        size: n,
        matvec: (() => {
          let count = 0;
          return (v: tf.Tensor1D) => (++count < 12 ? operator.matvec(v) : (tf.fill([n], NaN) as tf.Tensor1D));
        })(),
        dispose: () => {},
      },
      { k: 2, confirm: 0, tol: 1e-7 },
    );
    expect(result.status).toBe('nonFinite');
    expect(result.eigenvalues[0]).toBeCloseTo(values[0]!, 3);
    result.dispose();
    const blank = await lanczos({ size: 4, matvec: () => tf.fill([4], NaN), dispose: () => {} }, { k: 2 });
    expect(blank).toMatchObject({ status: 'nonFinite', numConverged: 0 });
    expect(Array.from(blank.eigenvalues)).toEqual([NaN, NaN]);
    blank.dispose();
  });

  it('reports work that is spent, with honest residuals', async () => {
    const linear = operatorWithSpectrum(Array.from({ length: n }, (_, i) => i / n));
    const result = await lanczos(linear, { k: 3, krylovDim: 8, maxRestarts: 1, tol: 1e-5 });
    expect(result.status).toBe('maxIterations');
    expect(result.numConverged).toBeLessThan(3);
    expect(result.residualNorms[2]).toBeGreaterThan(1e-5);
    result.dispose();
    linear.dispose();
  });

  it('says invariantSubspace where all of Rⁿ is used up and a residual is still above the tolerance', async () => {
    // (A + S)v − λv = Sv for an eigenpair of a diagonal A: S, which is antisymmetric, is the error of the products.
    const spectrum = [4, 3, 2, 1];
    const error = 1e-2;
    const matrix = tf.tensor2d([
      [4, 0, 0, 0],
      [0, 3, error, 0],
      [0, -error, 2, 0],
      [0, 0, 0, 1],
    ]);
    const skewed = matrixOperator(matrix);
    const result = await lanczos(skewed, { k: 4, tol: 1e-4 });
    expect(result.status).toBe('invariantSubspace');
    expect(result.numMatvecs).toBe(4);
    expect(result.numConverged).toBe(2);
    spectrum.forEach((value, i) => {
      expect(result.eigenvalues[i]).toBeCloseTo(value, 3);
      expect(result.residualNorms[i]).toBeCloseTo(i === 1 || i === 2 ? error : 0, 4);
    });
    result.dispose();
    skewed.dispose();
    matrix.dispose();
  });

  it.each([
    ['LA', 3],
    ['SA', 3],
  ] as const)('ends as stagnated where residuals sit at the noise of the products: %s', async (which, k) => {
    const size = 400;
    const spectrum = Array.from({ length: size }, (_, i) => 10 * 0.9 ** i - 9 * 0.9 ** (size - 1 - i));
    const diagonal = tf.tensor1d(spectrum);
    let count = 0;
    // Differences of gradients are off by some 1e-3 of the product, in another direction each time.
    const noisy: LinearOperator = {
      size,
      matvec: (v) =>
        tf.tidy(() => {
          const noise = tf.randomNormal([size], 0, 3e-3, 'float32', ++count);
          return tf.add<tf.Tensor1D>(tf.mul(v, diagonal), noise);
        }),
      dispose: () => {},
    };
    const exact: LinearOperator = { size, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    const result = await lanczos(noisy, { k, which, tol: 1e-4 });
    const clean = await lanczos(exact, { k, which, tol: 1e-4 });
    expect(result.status).toBe('stagnated');
    expect(result.numConverged).toBeLessThan(k);
    expect(result.numMatvecs).toBeLessThanOrEqual(clean.numMatvecs + 10);
    expect(result.asymmetry).toBeGreaterThan(1e-5);
    // 3e-3 in each of 400 entries is a residual of 0.06 at the most.
    result.eigenvalues.forEach((value, i) =>
      expect(Math.abs(value - clean.eigenvalues[i]!)).toBeLessThan(0.06),
    );
    expect(clean.status).toBe('converged');
    for (const each of [result, clean, diagonal]) each.dispose();
  });

  it('tells of its progress: products grow one by one, Ritz values rise towards the truth', async () => {
    const seen: EigenProgress[] = [];
    const result = await lanczos(operator, {
      k: 3,
      confirm: 0,
      onProgress: (progress) => seen.push(progress),
    });
    seen.slice(1).forEach((progress, i) => {
      expect(progress.numMatvecs).toBe(seen[i]!.numMatvecs + 1);
      // Cauchy's interlacing: a larger space has no smaller largest Ritz value, up to rounding.
      expect(progress.ritzValues[0]).toBeGreaterThan(seen[i]!.ritzValues[0]! - 1e-5);
    });
    expect(seen.at(-1)).toMatchObject({ numMatvecs: result.numMatvecs, numConverged: 3 });
    result.dispose();
  });

  it('repeats bit for bit with a seed, and finds the same pairs with another', async () => {
    const [a, b] = [await lanczos(operator, { k: 4, seed: 1 }), await lanczos(operator, { k: 4, seed: 1 })];
    const c = await lanczos(operator, { k: 4, seed: 2 });
    expect(a.eigenvalues).toEqual(b.eigenvalues);
    expect(a.eigenvectors.dataSync()).toEqual(b.eigenvectors.dataSync());
    expect(a.eigenvectors.dataSync()).not.toEqual(c.eigenvectors.dataSync());
    for (let i = 0; i < 4; i++) expect(c.eigenvalues[i]! / a.eigenvalues[i]!).toBeCloseTo(1, 5);
    for (const result of [a, b, c]) result.dispose();
  });

  it('gives the same numbers driven synchronously and asynchronously', async () => {
    const later = await lanczos(operator, { k: 3 });
    const now = driveSync(lanczosSteps(operator, { k: 3 }));
    expect(now.eigenvalues).toEqual(later.eigenvalues);
    now.dispose();
    later.dispose();
  });

  it('lets other tasks run meanwhile', async () => {
    // A product takes longer than a task may last, by a clock of the test's own.
    let clock = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => clock);
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const turnAtProduct: number[] = [];
    const matvec = (v: Tensor1D): Tensor1D => {
      clock += 10;
      turnAtProduct.push(turns);
      return operator.matvec(v);
    };
    try {
      const result = await lanczos({ size: n, matvec, dispose: () => {} }, { k: 3 });
      result.dispose();
    } finally {
      clearImmediate(next);
      now.mockRestore();
    }
    expect(turnAtProduct.length).toBeGreaterThan(3);
    // A driver that reads without giving way would stay in the first turn of the event loop.
    expect(new Set(turnAtProduct).size).toBe(turnAtProduct.length);
  });

  it('survives an operator that hands its argument back', async () => {
    const result = await lanczos({ size: 6, matvec: (v) => v, dispose: () => {} }, { k: 6 });
    expect(Array.from(result.eigenvalues, (x) => Math.round(x * 1e5) / 1e5)).toEqual([1, 1, 1, 1, 1, 1]);
    result.dispose();
  });

  it('holds at most krylovDim + 4 vectors beside the operator’s own', () => {
    const size = 9000;
    const diagonal = tf.tensor1d(Float32Array.from({ length: size }, (_, i) => Math.sqrt(i)));
    const own: LinearOperator = { size, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    const options = { k: 3, krylovDim: 14, maxRestarts: 4, tol: 1e-6 };
    const most = peakBytes(() => driveSync(lanczosSteps(own, options)).dispose());
    // Beside them only coefficients, less than 2 % of a vector.
    expect(most / (4 * size)).toBeLessThanOrEqual(14 + 4 + 0.02);
    diagonal.dispose();
  });

  describe('warm start', () => {
    it('takes as many products as vectors to follow eigenvectors', async () => {
      const cold = await lanczos(operator, { k: 4, tol: 1e-5 });
      const follow = { confirm: 0, tol: 1e-4 };
      const warm = await lanczos(operator, { k: 4, ...follow, startVectors: cold.eigenvectors });
      expect(warm.numMatvecs).toBe(4);
      expect(warm.status).toBe('converged');
      for (let i = 0; i < 4; i++) expect(warm.eigenvalues[i]).toBeCloseTo(cold.eigenvalues[i]!, 4);
      const single = tf.tidy(() => tf.reshape(tf.slice(cold.eigenvectors, 0, 1), [n]) as tf.Tensor1D);
      const one = await lanczos(operator, { k: 1, ...follow, startVectors: single });
      expect(one.numMatvecs).toBe(1);
      for (const result of [cold, warm, one]) result.dispose();
      single.dispose();
    });

    it('goes on from all pairs of a space that has no room for them beside the new ones', async () => {
      const spectrum = [3, 2, -1];
      const small = operatorWithSpectrum(spectrum);
      for (const k of [2, 3]) {
        const before = await lanczos(small, { k });
        const after = await lanczos(small, { k, startVectors: before.eigenvectors });
        expect(after.status).toBe('converged');
        after.eigenvalues.forEach((value, i) => expect(value).toBeCloseTo(spectrum[i]!, 4));
        for (const result of [before, after]) result.dispose();
      }
      small.dispose();
    });

    it('takes vectors of any length, and skips those that depend on others', async () => {
      const cold = await lanczos(operator, { k: 2 });
      const startVectors = tf.tidy(() =>
        tf.concat([tf.mul(cold.eigenvectors, 1e6) as tf.Tensor2D, cold.eigenvectors]),
      );
      const warm = await lanczos(operator, { k: 2, confirm: 0, startVectors });
      expect(warm.numMatvecs).toBe(2);
      expect(warm.eigenvalues[1]).toBeCloseTo(values[1]!, 4);
      for (const result of [cold, warm]) result.dispose();
      startVectors.dispose();
    });

    // Exact eigenvectors of pairs that are not, or no longer, the wanted ones: their residuals are zero.
    it.each([
      ['LA', [0.43, 0.4, 0.1, 0.08, 0.05, 0.01], [1], 1],
      ['LA', [0.43, 0.42, 0.1, 0.08, 0.05, 0.01], [1], 1],
      ['LA', [48, 47, 12, 3, 2, 1], [2, 3], 2],
      ['SA', [5, 4, 3, 2, -1, -1.1], [0], 1],
      ['LM', [5, 4, 3, 2, -1, -5.5], [0, 1], 2],
    ] as const)(
      'finds at %s of %o what has overtaken the eigenvectors %o',
      async (which, spectrum, starts, k) => {
        const compare = wantedFirst(which);
        const wanted = [...spectrum].sort(compare).slice(0, k);
        const size = 60;
        // The rest of the spectrum is a bulk of small numbers.
        const diagonal = tf.tensor1d(
          Array.from({ length: size }, (_, i) => spectrum[i] ?? (0.04 * spectrum[0] * i) / size),
        );
        const own: LinearOperator = { size, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
        const startVectors = tf.tidy(() => tf.gather(tf.eye(size), [...starts]) as tf.Tensor2D);
        // A random vector may have so little of what it should find that the products spent on it do not show it.
        const runs = 20;
        let found = 0;
        for (let seed = 0; seed < runs; seed++) {
          const { eigenvalues, status, dispose } = await lanczos(own, { k, which, seed, startVectors });
          expect(status).toBe('converged');
          if (wanted.every((value, i) => Math.abs(eigenvalues[i]! - value) < 1e-4)) found++;
          dispose();
        }
        expect(found).toBeGreaterThanOrEqual(0.9 * runs);
        tf.dispose([diagonal, startVectors]);
      },
    );
  });

  describe('eigenvalues that a random vector brings up', () => {
    const threes = (values: readonly number[]): number[] => values.flatMap((x) => [x, x, x]);

    it.each([
      {
        what: 'copies, beside start vectors at the far end',
        spectrum: Array.from({ length: 60 }, (_, i) => Math.floor(i / 15)),
        starts: [0, 1],
        k: 3,
      },
      {
        what: 'copies of two eigenvalues, from nothing',
        spectrum: [
          ...threes([11.2, 7.84, 7.37, 6.5, 6, 5.5, 5, 4.5, 4, 3.4, 3, 2.5, 2, 1.5, 1, 0.5]),
          ...new Array<number>(72).fill(0),
        ],
        starts: [],
        k: 6,
      },
    ])('are confirmed in their turn: $what', async ({ spectrum, starts, k }) => {
      const size = spectrum.length;
      const diagonal = tf.tensor1d(spectrum);
      const own: LinearOperator = { size, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
      const rows = starts.length === 0 ? null : tf.tidy(() => tf.gather(tf.eye(size), starts) as tf.Tensor2D);
      const wanted = [...spectrum].sort(wantedFirst('LA')).slice(0, k);
      for (let seed = 0; seed < 20; seed++) {
        const start = rows == null ? {} : { startVectors: rows };
        const { eigenvalues, status, dispose } = await lanczos(own, { k, seed, ...start });
        expect(status).toBe('converged');
        wanted.forEach((value, i) => expect(eigenvalues[i]).toBeCloseTo(value, 3));
        dispose();
      }
      diagonal.dispose();
      rows?.dispose();
    });
  });

  it('believes nothing while rows of a basis of all of R^n are still to be multiplied', async () => {
    const values = [1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5];
    const size = values.length;
    // The discrete cosine transform: its rows are orthonormal.
    const vectors = values.map((_, k) =>
      values.map((_, i) => Math.sqrt((k > 0 ? 2 : 1) / size) * Math.cos((Math.PI * (i + 0.5) * k) / size)),
    );
    const matrix = tf.tidy(() => {
      const rows = tf.tensor2d(vectors);
      return tf.matMul<tf.Tensor2D>(tf.mul(rows, tf.tensor2d(values, [size, 1])), rows, true, false);
    });
    const own = matrixOperator(matrix);
    const startVectors = tf.tensor2d(vectors.slice(3));
    for (let seed = 0; seed < 5; seed++) {
      const { eigenvalues, dispose } = await lanczos(own, { seed, startVectors });
      expect(eigenvalues[0]).toBeCloseTo(1, 5);
      dispose();
    }
    own.dispose();
    tf.dispose([matrix, startVectors]);
  });

  it('solves the projected problem no more often for many zeros, each a chain of its own', async () => {
    const n = 40;
    const zero: LinearOperator = { size: n, matvec: tf.zerosLike, dispose: () => {} };
    const rows: number[] = [];
    const { eigenvalues, status, dispose } = await lanczos(zero, {
      k: n,
      onProgress: ({ numMatvecs }) => rows.push(numMatvecs),
    });
    expect(status).toBe('converged');
    expect(eigenvalues).toEqual(new Float64Array(n));
    expect(rows).toEqual([n]);
    dispose();
  });

  it.each([
    ['a promise', async (v: tf.Tensor1D) => v, /multiply.*received a promise/],
    ['numbers', () => [1, 2], /received \[1,2\]/],
    ['nothing', () => undefined, /received undefined/],
  ] as const)('names an operator that answers with %s', async (_, matvec, message) => {
    const own = { size: 2, matvec, dispose: () => {} } as unknown as LinearOperator;
    await expect(lanczos(own)).rejects.toThrow(message);
  });

  it('saves to plain JSON and numbers, and loads the same', async () => {
    const result = await lanczos(operator, { k: 2 });
    const saved = await saveEigenResult(result);
    const text = JSON.stringify(saved.json);
    const again = loadEigenResult({ json: JSON.parse(text), eigenvectors: saved.eigenvectors });
    expect(again).toMatchObject({ status: result.status, numMatvecs: result.numMatvecs });
    expect(again.eigenvalues).toEqual(result.eigenvalues);
    expect(again.eigenvectors.dataSync()).toEqual(result.eigenvectors.dataSync());
    expect(() => loadEigenResult({ ...saved, eigenvectors: new Float32Array(3) })).toThrow(/2 \* 80/);
    result.dispose();
    result.dispose();
    again.dispose();
  });
});
