import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CholeskyDecomposition, EigenvalueDecomposition, inverse, Matrix, QrDecomposition } from 'ml-matrix';
import { beforeEach, describe, expect, it } from 'vitest';
import { modelObjective } from '../../../src/objectives/model-objective.js';
import { GaussNewtonOperator } from '../../../src/operators/gauss-newton.js';
import { HessianOperator } from '../../../src/operators/hessian.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { materialize } from '../../../src/operators/materialize.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { shifted } from '../../../src/operators/shifted.js';
import { SeededRandom } from '../../../src/random.js';
import { lobpcg } from '../../../src/solvers/lobpcg.js';
import { loadEigenResult, saveEigenResult } from '../../../src/solvers/result.js';
import { later } from '../../contract/later.js';
import { useBackend } from '../../wasm-backend.js';

const n = 40;
const random = new SeededRandom(5);

function normal(rows: number, columns: number): Matrix {
  return new Matrix(
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal())),
  );
}

/** A matrix with given eigenvalues. */
function withSpectrum(values: readonly number[]): Matrix {
  const { orthogonalMatrix: q } = new QrDecomposition(normal(values.length, values.length));
  return q.mmul(Matrix.diag([...values])).mmul(q.transpose());
}

/** A x = λ B x with given λ: A = L S Lᵀ and B = L Lᵀ, S with the eigenvalues λ; B with a condition number of 100. */
function problem(lambdas: readonly number[], size = 1): { a: Matrix; b: Matrix } {
  const metric = withSpectrum(
    Array.from({ length: lambdas.length }, (_, i) => size * 100 ** (i / (lambdas.length - 1))),
  );
  const b = metric.add(metric.transpose()).div(2);
  const { lowerTriangularMatrix: l } = new CholeskyDecomposition(b);
  const a = l.mmul(withSpectrum(lambdas)).mmul(l.transpose());
  return { a: a.add(a.transpose()).div(2), b };
}

function operatorOf(matrix: Matrix): LinearOperator {
  const tensor = tf.tensor2d(matrix.to2DArray());
  const operator = matrixOperator(tensor);
  tensor.dispose();
  return operator;
}

describe('lobpcg', () => {
  beforeEach(() => useBackend('cpu'));

  const line = Array.from({ length: n }, (_, i) => 1 + i / 4);

  it.each(['LA', 'SA'] as const)('solves a generalised problem at the end %s', async (which) => {
    const { a, b } = problem(line);
    const [operator, metric] = [operatorOf(a), operatorOf(b)];
    const tensors = tf.memory().numTensors;
    const found = await lobpcg(operator, { k: 4, which, metric, tol: 1e-4 });
    expect(found.status).toBe('converged');
    const wanted = which === 'LA' ? [...line].reverse() : line;
    const rows = new Matrix((await found.eigenvectors.array()) as number[][]);
    // B-orthonormal, up to float32 rows.
    const gram = rows.mmul(b).mmul(rows.transpose());
    gram.to2DArray().forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(Number(i === j), 4)));
    const [ax, bx] = [rows.mmul(a), rows.mmul(b)];
    for (let i = 0; i < 4; i++) {
      expect(found.eigenvalues[i]! / wanted[i]!).toBeCloseTo(1, 5);
      const residual = ax.getRow(i).map((x, j) => x - found.eigenvalues[i]! * bx.get(i, j));
      const scale = Math.hypot(...ax.getRow(i));
      expect(Math.abs(Math.hypot(...residual) - found.residualNorms[i]!)).toBeLessThan(2e-5 * scale);
    }
    const again = loadEigenResult(await saveEigenResult(found));
    expect(await again.eigenvectors.array()).toEqual(await found.eigenvectors.array());
    again.dispose();
    found.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    for (const held of [operator, metric]) held.dispose();
  });

  it.each([1e-12, 1e12])(
    'solves it with a metric of size %s, and with products that come later',
    async (size) => {
      const { a, b } = problem(line, size);
      const [operator, metric] = [operatorOf(a), operatorOf(b)];
      const found = await lobpcg(later(operator), { k: 2, metric: later(metric), tol: 1e-4 });
      expect(found.status).toBe('converged');
      [line.at(-1)!, line.at(-2)!].forEach((value, i) =>
        expect(found.eigenvalues[i]! / value).toBeCloseTo(1, 4),
      );
      for (const held of [found, operator, metric]) held.dispose();
    },
  );

  it('takes a fraction of the products with a good preconditioner, at the crowded end', async () => {
    // Eigenvalues from 1e-3 to 10: without help the smallest are found slowly.
    const values = Array.from({ length: n }, (_, i) => 1e-3 * 1e4 ** (i / (n - 1)));
    const a = withSpectrum(values);
    const [operator, inverted] = [operatorOf(a), operatorOf(inverse(a.clone().add(Matrix.eye(n).mul(1e-3))))];
    const options = { k: 3, which: 'SA', tol: 1e-2 } as const;
    const plain = await lobpcg(operator, options);
    const helped = await lobpcg(operator, { ...options, preconditioner: inverted });
    expect(helped.status).toBe('converged');
    expect(helped.numMatvecs).toBeLessThan(plain.numMatvecs / 3);
    values.slice(0, 3).forEach((value, i) => expect(helped.eigenvalues[i]! / value).toBeCloseTo(1, 2));
    for (const held of [plain, helped, operator, inverted]) held.dispose();
  });

  it('starts from vectors given, and ends at once where they are the wanted ones', async () => {
    const { a, b } = problem(line);
    const [operator, metric] = [operatorOf(a), operatorOf(b)];
    const first = await lobpcg(operator, { k: 3, metric, tol: 1e-4 });
    const again = await lobpcg(operator, { k: 3, metric, tol: 1e-3, startVectors: first.eigenvectors });
    expect(again.status).toBe('converged');
    expect(again.numMatvecs).toBeLessThan(first.numMatvecs / 3);
    for (const held of [first, again, operator, metric]) held.dispose();
  });

  it.each([1, 2, 4])(
    'finds what %i start vectors hide, and leaves nothing wherever it ends',
    async (count) => {
      const { a, b } = problem(line);
      const [operator, metric] = [operatorOf(a), operatorOf(b)];
      const first = await lobpcg(operator, { k: 5, metric, tol: 1e-5 });
      // The largest is not among them.
      const startVectors = tf.slice(first.eigenvectors, [1, 0], [count, n]);
      const tensors = tf.memory().numTensors;
      const run = (maxMatvecs: number) => lobpcg(operator, { k: count, metric, startVectors, maxMatvecs });
      const whole = await run(Infinity);
      expect(whole.status).toBe('converged');
      for (let i = 0; i < count; i++) expect(whole.eigenvalues[i]! / line.at(-1 - i)!).toBeCloseTo(1, 4);
      for (let most = count; most < whole.numMatvecs; most++) {
        const cut = await run(most);
        expect(cut.status).toBe('maxMatvecs');
        expect(cut.numMatvecs).toBeLessThanOrEqual(most);
        cut.dispose();
      }
      whole.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
      for (const held of [first, startVectors, operator, metric]) held.dispose();
    },
  );

  it('says nonFinite where only the check meets such a product', async () => {
    const startVectors = tf.tensor2d([[1, 0, 0, 0]]);
    const values = tf.tensor1d([2, 1, 1, 1]);
    let products = 0;
    const poisoned: LinearOperator = {
      size: 4,
      // The first three are those of the block.
      matvec: (v) => tf.tidy(() => tf.mul(v, ++products > 3 ? tf.fill([4], NaN) : values)),
      dispose: () => undefined,
    };
    const tensors = tf.memory().numTensors;
    const found = await lobpcg(poisoned, { startVectors });
    expect(found.status).toBe('nonFinite');
    expect(products).toBe(4);
    found.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    tf.dispose([startVectors, values]);
  });

  it('gives the sharpness that a preconditioner of the optimizer leaves', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({
          units: 4,
          inputShape: [3],
          activation: 'tanh',
          kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }),
        }),
        tfl.layers.dense({
          units: 2,
          activation: 'softmax',
          kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }),
        }),
      ],
    });
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const xs = tf.randomNormal([20, 3], 0, 1, 'float32', 3);
    const ys = tf.tensor2d(Array.from({ length: 20 }, (_, i) => [i % 2, 1 - (i % 2)]));
    const objective = modelObjective(model, { xs, ys });
    const hessian = new HessianOperator(objective);
    const gaussNewton = new GaussNewtonOperator(objective);
    const metric = shifted(gaussNewton, 0.1);
    const found = await lobpcg(hessian, { metric, k: 2, tol: 1e-4 });
    const [h, g] = await Promise.all(
      [hessian, metric].map(async (operator) => {
        const matrix = await materialize(operator);
        const rows = new Matrix((await matrix.array()) as number[][]);
        matrix.dispose();
        return rows.add(rows.transpose()).div(2);
      }),
    );
    const l = inverse(new CholeskyDecomposition(g!).lowerTriangularMatrix);
    const whole = l.mmul(h!).mmul(l.transpose());
    const { realEigenvalues } = new EigenvalueDecomposition(whole.add(whole.transpose()).div(2), {
      assumeSymmetric: true,
    });
    const expected = [...realEigenvalues].sort((x, y) => y - x);
    for (let i = 0; i < 2; i++) expect(found.eigenvalues[i]).toBeCloseTo(expected[i]!, 4);
    for (const held of [found, metric, gaussNewton, hessian, model]) held.dispose();
    tf.dispose([xs, ys]);
  });

  it('refuses a metric or a preconditioner that is not positive definite, and what does not fit', async () => {
    const operator = operatorOf(withSpectrum(line));
    const indefinite = operatorOf(Matrix.diag(line.map((x, i) => (i < 20 ? x : -x))));
    const negative = operatorOf(Matrix.eye(n).mul(-1));
    const small = operatorOf(Matrix.eye(3));
    const wide = tf.ones([3]) as tf.Tensor1D;
    const zero = tf.zeros([n]) as tf.Tensor1D;
    const tensors = tf.memory().numTensors;
    const refused: [Parameters<typeof lobpcg>[1], RegExp][] = [
      [{ metric: negative }, /^lobpcg: expected a positive definite metric B, received one with uᵀBu <= 0/],
      [{ metric: indefinite, k: 6 }, /positive definite metric B/],
      [
        { preconditioner: negative },
        /^lobpcg: expected a positive definite preconditioner T, received one with rᵀTr = -1.00/,
      ],
      [{ metric: small }, /^lobpcg: expected a metric of size 40, received 3/],
      [{ preconditioner: small }, /^lobpcg: expected a preconditioner of size 40, received 3/],
      [{ startVectors: wide }, /^lobpcg: expected startVectors, float32, of shape \[40\] or \[m, 40\]/],
      [{ startVectors: zero }, /^lobpcg: expected finite start vectors other than zero/],
      [{ k: 41 }, /integer k from 1 to 40/],
      [{ k: 3, maxMatvecs: 2 }, /maxMatvecs >= 3/],
    ];
    for (const [options, message] of refused)
      await expect(lobpcg(operator, options)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(tensors);
    for (const held of [operator, indefinite, negative, small, wide, zero]) held.dispose();
  });

  it('returns true pairs wherever it is stopped, also while it renews its products', async () => {
    const { a, b } = problem(line);
    const [operator, metric] = [operatorOf(a), operatorOf(b)];
    const run = async (last: number) => {
      const controller = new AbortController();
      let reports = 0;
      const onProgress = (): void => void (++reports === last && controller.abort());
      const { signal } = controller;
      const options = { k: 2, metric, tol: 1e-5, onAbort: 'return', signal, onProgress } as const;
      return { found: await lobpcg(operator, options), reports };
    };
    const whole = await run(Infinity);
    // Long enough for the renewal of all images in the 20th iteration.
    expect(whole.reports).toBeGreaterThan(80);
    whole.found.dispose();
    const tensors = tf.memory().numTensors;
    // The renewal is of more products than three.
    for (let last = 2; last < whole.reports; last += 3) {
      const { found } = await run(last);
      expect(found.status).toBe('aborted');
      expect(found.numMatvecs).toBe(last);
      const rows = new Matrix((await found.eigenvectors.array()) as number[][]);
      const [ax, bx] = [rows.mmul(a), rows.mmul(b)];
      for (let i = 0; i < 2; i++) {
        const residual = ax.getRow(i).map((x, j) => x - found.eigenvalues[i]! * bx.get(i, j));
        // Images of 20 iterations, in float32.
        expect(Math.abs(Math.hypot(...residual) - found.residualNorms[i]!)).toBeLessThan(
          1e-4 * Math.hypot(...ax.getRow(i)),
        );
      }
      found.dispose();
    }
    expect(tf.memory().numTensors).toBe(tensors);
    for (const held of [operator, metric]) held.dispose();
  });

  it.each([
    ['A', { product: NaN, metric: 1 }],
    ['B', { product: 1, metric: Infinity }],
  ])('says nonFinite where a product with %s is', async (_, values) => {
    const constant = (value: number): LinearOperator => ({
      size: 4,
      matvec: (v) => tf.mul(v, value),
      dispose: () => undefined,
    });
    const found = await lobpcg(constant(values.product), { metric: constant(values.metric) });
    expect(found.status).toBe('nonFinite');
    expect(found.eigenvalues[0]).toBeNaN();
    found.dispose();
  });
});
