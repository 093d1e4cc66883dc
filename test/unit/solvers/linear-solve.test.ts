import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { SeededRandom } from '../../../src/random.js';
import { solve } from '../../../src/solvers/conjugate-gradient.js';
import { minres } from '../../../src/solvers/minres.js';
import { matrixWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { useBackend } from '../../wasm-backend.js';

const n = 50;
const definite = Array.from({ length: n }, (_, i) => 1 + i);
const indefinite = definite.map((x, i) => (i % 3 === 0 ? -x : x));

/** An operator with a right-hand side of which the solution is known. */
function system(values: number[]): { operator: LinearOperator; b: tf.Tensor1D; x: number[] } {
  const matrix = matrixWithSpectrum(values);
  const random = new SeededRandom(8);
  const x = values.map(() => random.normal());
  const a = tf.tensor2d(matrix);
  const operator = matrixOperator(a);
  a.dispose();
  const b = tf.tensor1d(matrix.map((row) => row.reduce((sum, y, j) => sum + y * x[j]!, 0)));
  return { operator, b, x };
}

/** Eigenpairs of a symmetric matrix in double precision. */
function symmetricPairs(rows: number[][]): { eigenvalues: number[]; eigenvectors: number[][] } {
  const found = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
  return {
    eigenvalues: found.realEigenvalues,
    eigenvectors: found.eigenvectorMatrix.transpose().to2DArray(),
  };
}

describe('linear solves', () => {
  let tensors: number;
  beforeAll(() => useBackend('cpu'));
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s needs one iteration for each distinct eigenvalue', async (_, method) => {
    const { operator, b } = system(definite.map((_, i) => 1 + (i % 4)));
    const result = await method(operator, b, { tol: 1e-4 });
    expect(result.numIterations).toBe(4);
    result.dispose();
    b.dispose();
    operator.dispose();
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s damps: (A + δI)x = b', async (_, method) => {
    const { operator, b } = system(indefinite);
    const result = await method(operator, b, { damping: 60, tol: 1e-5 });
    expect(result.status).toBe('converged');
    const residual = tf.tidy(() => {
      const image = tf.add(operator.matvec(result.x), tf.mul(result.x, 60));
      return tf.norm(tf.sub(b, image)).dataSync()[0]!;
    });
    expect(residual).toBeLessThan(2e-5 * tf.tidy(() => tf.norm(b).dataSync()[0]!));
    result.dispose();
    b.dispose();
    operator.dispose();
  });

  it('leaves at negative curvature with the last iterate, a descent of the quadratic', async () => {
    const diagonal = tf.tensor1d([5, 4, 3, 2, -0.5]);
    const operator: LinearOperator = { size: 5, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    const b: tf.Tensor1D = tf.ones([5]);
    const result = await solve(operator, b);
    expect(result.status).toBe('negativeCurvature');
    expect(result.numIterations).toBeGreaterThan(1);
    const fallen = tf.tidy(() => {
      const form = tf.sum(tf.mul(result.x, operator.matvec(result.x)));
      return tf.sub(tf.mul(form, 0.5), tf.sum(tf.mul(b, result.x))).dataSync()[0]!;
    });
    // The first step, along b, leads to -½(bᵀb)²/bᵀAb = -25/27.
    expect(fallen).toBeLessThan(-25 / 27 - 0.01);
    result.dispose();
    for (const tensor of [diagonal, b]) tensor.dispose();
  });

  it('measures the residual that it leaves with at negative curvature', async () => {
    // An eigenvalue of -1e-5 beside 29 from 1 to 1e-4, and little of b along it: the recurrence drifts before it is met.
    const values = Array.from({ length: 30 }, (_, i) => (i === 29 ? -1e-5 : 1e-4 ** (i / 28)));
    const random = new SeededRandom(1);
    const diagonal = tf.tensor1d(values);
    const operator: LinearOperator = { size: 30, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    const b = tf.tensor1d(values.map((_, i) => (i === 29 ? 1e-6 : 1) * random.normal()));
    const { x, status, residualNorm, dispose } = await solve(operator, b, { tol: 1e-7, maxIterations: 500 });
    expect(status).toBe('negativeCurvature');
    const found = x.dataSync();
    const [entries, wanted] = [diagonal.dataSync(), b.dataSync()];
    const truth = Math.hypot(...wanted.map((each, i) => each - entries[i]! * found[i]!));
    expect(residualNorm / truth).toBeCloseTo(1, 3);
    dispose();
    tf.dispose([diagonal, b]);
  });

  describe.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s on a singular system with b outside of its range', (name, method) => {
    /** Right-hand sides, ‖b - Ax‖ as it is, in double precision, and the part of b that no x reaches. */
    function singular(values: number[], seed: number) {
      const matrix = matrixWithSpectrum(values);
      const random = new SeededRandom(seed);
      const b = Float32Array.from(values, () => random.normal());
      const a = tf.tensor2d(matrix);
      const operator = matrixOperator(a);
      a.dispose();
      const image = (x: ArrayLike<number>): number[] =>
        matrix.map((row) => row.reduce((sum, y, j) => sum + y * x[j]!, 0));
      const residual = (x: ArrayLike<number>): number => Math.hypot(...image(x).map((y, i) => b[i]! - y));
      /** ½xᵀAx - bᵀx */
      const quadratic = (x: ArrayLike<number>): number =>
        image(x).reduce((sum, y, i) => sum + x[i]! * (y / 2 - b[i]!), 0);
      return { operator, b: tf.tensor1d(b), norm: Math.hypot(...b), residual, quadratic };
    }
    const spectra = {
      'a gap': Array.from({ length: 30 }, (_, i) => (i < 20 ? 1 + i : 0)),
      'eigenvalues down to rounding': Array.from({ length: 40 }, (_, i) => (i < 30 ? 0.6 ** i : 0)),
    };
    it.each(Object.entries(spectra))('keeps its best iterate, and says so: %s', async (_, values) => {
      for (let seed = 1; seed <= 6; seed++) {
        const { operator, b, norm, residual, quadratic } = singular(values, seed);
        const { x, status, residualNorm, dispose } = await method(operator, b);
        expect(['stagnated', 'maxIterations']).toContain(status);
        const received = residual(x.dataSync());
        // Products of x with a float32 matrix round by some 1e-7 ‖A‖‖x‖.
        const length = Math.hypot(...x.dataSync());
        expect(Math.abs(received - residualNorm)).toBeLessThan(1e-6 * (norm + values[0]! * length));
        // The last iterate of conjugate gradient lowers the quadratic, not the residual.
        if (name === 'solve' && status === 'maxIterations') expect(quadratic(x.dataSync())).toBeLessThan(0);
        else expect(residualNorm).toBeLessThanOrEqual(norm * (1 + 1e-6));
        dispose();
        for (const held of [operator, b]) held.dispose();
      }
    });

    it('finds the least-squares solution, if it is minres', async () => {
      // A diagonal one, of which the range is known: b = 1 leaves √2 on the two zeros.
      const diagonal = tf.tensor1d([2, 1, 0, 0, 3, 4]);
      const operator: LinearOperator = { size: 6, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
      const b: tf.Tensor1D = tf.ones([6]);
      const { x, residualNorm, status, dispose } = await method(operator, b);
      expect(status).toBe('stagnated');
      expect(Array.from(x.dataSync()).every(Number.isFinite)).toBe(true);
      if (name === 'minres') expect(residualNorm).toBeCloseTo(Math.SQRT2, 5);
      else expect(residualNorm).toBeLessThan(Math.sqrt(6));
      dispose();
      for (const tensor of [diagonal, b]) tensor.dispose();
    });
  });

  it('minres finds the least-squares solution where its space ends with a step along what is zero', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const values = Array.from({ length: 12 }, (_, i) => (i < 7 ? i : -i) * 1e-4);
      const rows = matrixWithSpectrum(values, seed);
      const { eigenvalues, eigenvectors } = symmetricPairs(rows);
      const zero = eigenvalues.findIndex((value) => Math.abs(value) < 1e-12);
      const random = new SeededRandom(seed);
      const right = values.map(() => random.normal());
      const along = right.reduce((sum, x, i) => sum + x * eigenvectors[zero]![i]!, 0);
      const matrix = tf.tensor2d(rows);
      const operator = matrixOperator(matrix);
      const b = tf.tensor1d(right);
      const { residualNorm, dispose } = await minres(operator, b, { tol: 1e-4 });
      // Along the null vector nothing can be had, and all of the rest.
      expect(residualNorm).toBeLessThan(Math.abs(along) + 0.01 * Math.hypot(...right));
      dispose();
      for (const held of [matrix, operator, b]) held.dispose();
    }
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s takes b of any size that float32 holds', async (_, method) => {
    const values = [1, 2, 3, 4, 5];
    const diagonal = tf.tensor1d(values);
    const operator: LinearOperator = { size: 5, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    for (const size of [1e-37, 1e-30, 1e-20, 1, 1e20, 1e30, 3e38]) {
      const b: tf.Tensor1D = tf.fill([5], size);
      const progress: number[] = [];
      const { x, status, residualNorm, dispose } = await method(operator, b, {
        tol: 1e-6,
        onProgress: (now) => progress.push(now.residualNorm / size),
      });
      expect(status).toBe('converged');
      x.dataSync().forEach((value, i) => expect((value / size) * values[i]!).toBeCloseTo(1, 5));
      expect(residualNorm / size).toBeLessThan(1e-5);
      // Of x = ½ b or so.
      expect(progress[0]).toBeGreaterThan(0.1);
      expect(progress[0]).toBeLessThan(10);
      dispose();
      b.dispose();
    }
    diagonal.dispose();
  });

  it('solve ends at maxIterations with the last iterate of conjugate gradient', async () => {
    const diagonal = tf.tensor1d([1, 1e-3]);
    const operator: LinearOperator = { size: 2, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    const b = tf.tensor1d([1, 2]);
    const { x, status, residualNorm, numMatvecs, dispose } = await solve(operator, b, { maxIterations: 1 });
    expect(status).toBe('maxIterations');
    // One step along b of the length bᵀb / bᵀAb = 5 / 1.004; the residual grows, as here it may.
    const length = 5 / 1.004;
    x.dataSync().forEach((value, i) => expect(value).toBeCloseTo(length * [1, 2][i]!, 4));
    expect(residualNorm).toBeCloseTo(Math.hypot(1 - length, 2 - 2e-3 * length), 4);
    expect(numMatvecs).toBe(2);
    dispose();
    for (const tensor of [diagonal, b]) tensor.dispose();
  });

  describe('minres on systems at the edge of float32', () => {
    const geometric = (condition: number): number[] =>
      Array.from({ length: 200 }, (_, i) => condition ** (-i / 199));
    const alternating = (values: number[]): number[] => values.map((x, i) => (i % 2 === 0 ? x : -x));
    // Without a basis the recurrence of the directions ends at 1.7e-1, 2.5e-3 and 2.7e-1: κ² 2⁻²⁴ in place of κ 2⁻²⁴.
    it.each([
      ['definite, κ = 1e5', geometric(1e5), 1e-2, {}],
      ['definite, κ = 1e4', geometric(1e4), 1e-4, {}],
      ['indefinite, κ = 1e4', alternating(geometric(1e4)), 1e-2, {}],
      ['definite, κ = 1e5, a short basis', geometric(1e5), 1e-2, { krylovDim: 40 }],
      ['definite, κ = 1e3, next to no basis', geometric(1e3), 1e-4, { krylovDim: 2 }],
    ] as const)('%s', async (_, values, tol, options) => {
      const matrix = matrixWithSpectrum(values, 3).map((row) => row.map(Math.fround));
      const random = new SeededRandom(7);
      const b = Float32Array.from(values, () => random.normal());
      const a = tf.tensor2d(matrix);
      const operator = matrixOperator(a);
      const right = tf.tensor1d(b);
      const { x, status, residualNorm, dispose } = await minres(operator, right, { tol, ...options });
      const solution = x.dataSync();
      const residual = matrix.map((row, i) => b[i]! - row.reduce((sum, y, j) => sum + y * solution[j]!, 0));
      expect(status).toBe('converged');
      expect(residualNorm).toBeLessThanOrEqual(tol * Math.hypot(...b));
      // Products with the longest x here round by some 1e-3 of the tolerance.
      expect(Math.hypot(...residual)).toBeLessThanOrEqual(1.01 * tol * Math.hypot(...b));
      dispose();
      operator.dispose();
      for (const tensor of [a, right]) tensor.dispose();
    });
  });

  describe.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s says of a matrix that it is not symmetric', (name, method) => {
    const large = (skew: number): number[] => {
      const random = new SeededRandom(2);
      const upper = Array.from({ length: 40 }, () => Array.from({ length: 40 }, () => random.normal() / 9));
      return upper.flatMap((row, i) =>
        row.map((x, j) => {
          if (i === j) return 1 + i / 40;
          return i < j ? 0.2 * (x + skew) : 0.2 * (upper[j]![i]! - skew);
        }),
      );
    };
    it.each([
      ['triangular', [2, 1, 0, 0, 3, 1, 0, 0, 4], {}],
      ['positive in all directions but skew beside', [2, 1, 2, -1, 3, 3, -2, -3, 4], {}],
      ['symmetric but for a tenth', [2, 1, 0.3, 1.2, 3, 1, 0, 1, 4], {}],
      ['from a start', [2, 1, 0, 0, 3, 1, 0, 0, 4], { initial: [1, 2, 3] }],
      ['damped', [2, 1, 0, 0, 3, 1, 0, 0, 4], { damping: 1 }],
      ['40 rows', large(0.3), {}],
    ])('%s', async (_, entries, { initial, ...options }: { initial?: number[]; damping?: number }) => {
      const size = Math.sqrt(entries.length);
      const a = tf.tensor2d(entries, [size, size]);
      const operator: LinearOperator = {
        size,
        matvec: (v) => tf.tidy(() => tf.squeeze(tf.matMul(a, tf.reshape(v, [size, 1])))),
        dispose: () => {},
      };
      const b = tf.tensor1d(Array.from({ length: size }, (_, i) => [1, -2, 4][i % 3]!));
      const start = initial == null ? undefined : tf.tensor1d(initial);
      const run = method(operator, b, { ...options, initial: start });
      await expect(run).rejects.toThrow(new RegExp(`^${name}: expected a symmetric operator`));
      for (const tensor of [a, b]) tensor.dispose();
      start?.dispose();
    });
  });

  it('solve takes a preconditioner that is not symmetric, and an asymmetry as differences have it', async () => {
    const { operator, b } = system(definite);
    const asymmetric: LinearOperator = {
      size: n,
      // Turned by a hundredth of what the entry beside has.
      matvec: (v) => tf.tidy(() => tf.add(v, tf.mul(0.01, tf.concat([tf.slice(v, 1), tf.zeros([1])])))),
      dispose: () => {},
    };
    const result = await solve(operator, b, { preconditioner: asymmetric, tol: 1e-3 });
    expect(result.status).toBe('converged');
    const noisy: LinearOperator = {
      size: n,
      matvec: (v) => tf.tidy(() => tf.add(operator.matvec(v), tf.mul(0.02, asymmetric.matvec(v)))),
      dispose: () => {},
    };
    const close = await solve(noisy, b, { tol: 1e-3 });
    expect(close.status).toBe('converged');
    for (const held of [result, close, b, operator]) held.dispose();
  });

  it('takes fewer iterations with a preconditioner', async () => {
    const diagonal = tf.tensor1d(Float32Array.from({ length: n }, (_, i) => 1 + i ** 2));
    const operator: LinearOperator = { size: n, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
    const preconditioner: LinearOperator = { size: n, matvec: (v) => tf.div(v, diagonal), dispose: () => {} };
    const b = tf.ones([n]) as tf.Tensor1D;
    const plain = await solve(operator, b, { tol: 1e-5 });
    const better = await solve(operator, b, { tol: 1e-5, preconditioner });
    expect(better.numIterations).toBeLessThan(3);
    expect(plain.numIterations).toBeGreaterThan(20);
    for (const result of [plain, better]) result.dispose();
    for (const tensor of [b, diagonal]) tensor.dispose();
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s answers b = 0 by 0, takes a start, and names what went wrong', async (name, method) => {
    const { operator, b, x } = system(definite);
    const zero = tf.zeros([n]) as tf.Tensor1D;
    const nothing = await method(operator, zero);
    expect(nothing).toMatchObject({ status: 'converged', residualNorm: 0 });
    const initial = tf.tensor1d(x);
    const fromThere = await method(operator, zero, { initial });
    expect(fromThere).toMatchObject({ status: 'converged', residualNorm: 0 });
    expect(fromThere.x.dataSync().every((value) => value === 0)).toBe(true);
    const there = await method(operator, b, { initial, tol: 1e-5 });
    expect(there.numIterations).toBe(0);
    const spent = await method(operator, b, { maxIterations: 3, tol: 1e-6 });
    expect(spent).toMatchObject({ status: 'maxIterations', numIterations: 3 });
    const broken = { size: n, matvec: () => tf.fill([n], NaN), dispose: () => {} } as LinearOperator;
    const wrong = await method(broken, b);
    expect(wrong.status).toBe('nonFinite');
    for (const result of [nothing, fromThere, there, spent, wrong]) result.dispose();
    await expect(method(operator, b, { tol: 0 })).rejects.toThrow(`${name}: expected a number tol > 0`);
    await expect(method(operator, b, { damping: NaN })).rejects.toBeInstanceOf(CurvatureArgumentError);
    const short = tf.ones([3]) as tf.Tensor1D;
    await expect(method(operator, short)).rejects.toThrow(`[${n}]`);
    const infinite = tf.fill([n], Infinity) as tf.Tensor1D;
    await expect(method(operator, infinite)).rejects.toThrow('a finite right-hand side');
    await expect(method(operator, b, { initial: infinite })).rejects.toThrow('a finite initial');
    for (const tensor of [b, zero, initial, short, infinite]) tensor.dispose();
    operator.dispose();
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s keeps a start in the null space of an operator of any size', async (_, method) => {
    for (const size of [1e-30, 1, 2 ** 20, 1e30]) {
      const diagonal = tf.tensor1d([0, size, 2 * size]);
      const operator: LinearOperator = { size: 3, matvec: (v) => tf.mul(v, diagonal), dispose: () => {} };
      const [b, initial] = [tf.tensor1d([0, 1, 1]), tf.tensor1d([5, 0, 0])];
      const result = await method(operator, b, { initial, tol: 1e-5 });
      expect(result.status).toBe('converged');
      const x = result.x.dataSync();
      [5, 1 / size, 1 / (2 * size)].forEach((value, i) =>
        expect(Math.abs(x[i]! / value - 1)).toBeLessThan(1e-5),
      );
      // None is left for more than the measurement.
      const ended = await method(operator, b, { initial, maxMatvecs: 2 });
      expect(ended).toMatchObject({ status: 'maxMatvecs', numMatvecs: expect.toSatisfy((m) => m <= 2) });
      expect([...ended.x.dataSync()]).toEqual([5, 0, 0]);
      for (const held of [diagonal, b, initial, result, ended]) held.dispose();
    }
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s does not need b and the start once it has begun', async (_, method) => {
    const { operator, b, x } = system(definite);
    const initial = tf.tensor1d(x.map((value) => 2 * value));
    const kept = await method(operator, b, { initial });
    const run = method(operator, b, { initial });
    for (const tensor of [b, initial]) tensor.dispose();
    const result = await run;
    expect(result.x.dataSync()).toEqual(kept.x.dataSync());
    for (const held of [kept, result, operator]) held.dispose();
  });

  it.each([
    ['solve', solve],
    ['minres', minres],
  ] as const)('%s leaves nothing behind when aborted or when a product throws', async (_, method) => {
    const { operator, b } = system(definite);
    const controller = new AbortController();
    const onProgress = ({ numMatvecs }: { numMatvecs: number }) => {
      if (numMatvecs === 4) controller.abort(new Error('enough'));
    };
    await expect(method(operator, b, { tol: 1e-6, signal: controller.signal, onProgress })).rejects.toThrow(
      'enough',
    );
    let count = 0;
    const failing: LinearOperator = {
      size: n,
      matvec(v) {
        if (++count === 5) throw new Error('device lost');
        return operator.matvec(v);
      },
      dispose: () => {},
    };
    await expect(method(failing, b, { tol: 1e-6 })).rejects.toThrow('device lost');
    b.dispose();
    operator.dispose();
  });
});
