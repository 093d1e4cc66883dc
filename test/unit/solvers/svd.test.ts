import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { CurvatureArgumentError } from '../../../src/errors.js';
import { JacobianOperator } from '../../../src/operators/jacobian-operator.js';
import type { RectangularOperator } from '../../../src/operators/rectangular-operator.js';
import { SeededRandom } from '../../../src/random.js';
import type { SvdOptions, SvdProgress } from '../../../src/solvers/svd-options.js';
import type { SvdResult } from '../../../src/solvers/svd.js';
import { svd } from '../../../src/solvers/svd.js';
import { ownedByTest } from '../../owned.js';
import {
  matrixWithSingularValues,
  rectangularOperator,
  timesVector,
  transposed,
} from '../../rectangular-matrix.js';

type Rows = readonly (readonly number[])[];

const geometric = Array.from({ length: 60 }, (_, i) => 10 * 0.85 ** i);

/** Name, m, n and singular values. */
const spectra: [name: string, m: number, n: number, values: readonly number[]][] = [
  ['tall', 80, 60, geometric],
  ['wide', 60, 80, geometric],
  ['square', 60, 60, geometric],
  ['very wide', 4, 200, [5, 3, 2, 1]],
  ['a row', 1, 7, [3]],
  ['a column', 7, 1, [3]],
  ['a number', 1, 1, [2]],
  ['zero', 6, 4, []],
  ['of rank 2', 25, 18, [4, 1]],
  ['a pair at the top of a line', 50, 40, [60, 60, ...Array.from({ length: 38 }, (_, i) => 40 - i)]],
  ['triples', 40, 30, Array.from({ length: 30 }, (_, i) => 10 - Math.floor(i / 3))],
  ['all the same', 30, 20, new Array<number>(20).fill(2)],
  ['over five magnitudes', 30, 30, Array.from({ length: 30 }, (_, i) => 10 ** (-i / 6))],
];

describe.each(['cpu', 'wasm'] as const)('svd on %s', (backend) => {
  ownedByTest(backend);

  describe.each(spectra)('of a matrix that is %s', (_, m, n, values) => {
    const matrix = matrixWithSingularValues(m, n, values);
    const side = Math.min(m, n);
    const ks = [...new Set([1, 3, side])].filter((k) => k <= side);
    it.each(ks)('finds the %i largest, to the tolerance', async (k) => {
      const tol = 1e-4;
      const operator = rectangularOperator(matrix);
      const result = await svd(operator, { k, tol });
      expect(result.status).toBe('converged');
      expect(result.numConverged).toBe(k);
      expect(result.numMatvecs).toBe(operator.products);
      const norm = values[0] ?? 0;
      result.singularValues.forEach((received, i) => {
        const value = values[i] ?? 0;
        expect(Math.abs(received - value)).toBeLessThanOrEqual(tol * value + 2e-6 * norm);
        expect(result.residualNorms[i]).toBeLessThanOrEqual(tol * value + 3e-6 * norm);
      });
      expectTrueTriplets(matrix, result, norm);
      result.dispose();
      result.dispose();
      operator.dispose();
    });
  });
});

describe('svd', () => {
  const own = ownedByTest();
  const find = async (operator: RectangularOperator, options: SvdOptions & { signal?: AbortSignal } = {}) =>
    own(await svd(operator, options));

  it('finds all copies of a singular value of a matrix of low rank, but in one run of a hundred', async () => {
    const values = [3, 3, 3, 2, 1.5, ...new Array<number>(45).fill(0)];
    const operator = own(rectangularOperator(matrixWithSingularValues(50, 50, values)));
    let missed = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { status, singularValues } = await find(operator, { k: 3, seed });
      expect(status).toBe('converged');
      if (singularValues.some((value) => Math.abs(value - 3) > 1e-4)) missed++;
    }
    expect(missed).toBeLessThanOrEqual(1);
  });

  it('agrees with a dense decomposition of random numbers in double precision', async () => {
    const random = new SeededRandom(3);
    const matrix = Array.from({ length: 50 }, () => Array.from({ length: 35 }, () => random.normal()));
    const { diagonal } = new SingularValueDecomposition(new Matrix(matrix));
    const result = await find(own(rectangularOperator(matrix)), { k: 8, tol: 1e-5 });
    expect(result.status).toBe('converged');
    result.singularValues.forEach((value, i) => {
      expect(Math.abs(value - diagonal[i]!)).toBeLessThan(2e-6 * diagonal[0]!);
    });
  });

  it('needs some three steps for each triplet that stands apart', async () => {
    const operator = own(rectangularOperator(matrixWithSingularValues(80, 60, geometric)));
    const { numMatvecs } = await find(operator, { k: 5 });
    expect(numMatvecs).toBeLessThan(2 * 30);
  });

  it.each([6, 8, 12])('finds the same in a basis of %i, by restarts', async (krylovDim) => {
    const matrix = matrixWithSingularValues(80, 60, geometric);
    const result = await find(own(rectangularOperator(matrix)), {
      k: 5,
      tol: 1e-4,
      krylovDim,
      maxRestarts: 300,
    });
    expect(result.status).toBe('converged');
    result.singularValues.forEach((value, i) => expect(value).toBeCloseTo(geometric[i]!, 4));
    expectTrueTriplets(matrix, result, 10);
  });

  it('finds all copies of repeated values, which a run without checks does not', async () => {
    const values = [7, 7, 7, 5, 5, ...Array.from({ length: 45 }, (_, i) => 3 * 0.6 ** i)];
    const operator = own(rectangularOperator(matrixWithSingularValues(70, 50, values)));
    let missed = 0;
    for (let seed = 0; seed < 8; seed++) {
      const { singularValues, status } = await find(operator, { k: 5, seed, krylovDim: 12 });
      expect(status).toBe('converged');
      singularValues.forEach((value, i) => expect(value).toBeCloseTo(values[i]!, 3));
      const unchecked = await find(operator, { k: 5, seed, confirm: 0 });
      if (Math.abs(unchecked.singularValues[2]! - 7) > 1) missed++;
    }
    expect(missed).toBeGreaterThan(4);
  });

  it.each([1e-30, 1e30])('takes numbers of any size: %f', async (scale) => {
    const matrix = matrixWithSingularValues(30, 20, geometric).map((row) => row.map((x) => scale * x));
    const { singularValues, status } = await find(own(rectangularOperator(matrix)), { k: 3 });
    expect(status).toBe('converged');
    singularValues.forEach((value, i) => expect(value / scale).toBeCloseTo(geometric[i]!, 4));
  });

  it('repeats itself bit by bit for a seed', async () => {
    const operator = own(rectangularOperator(matrixWithSingularValues(30, 20, geometric)));
    const [one, same, other] = [
      await find(operator, { seed: 1 }),
      await find(operator, { seed: 1 }),
      await find(operator),
    ];
    expect(same.right.dataSync()).toEqual(one.right.dataSync());
    expect(other.right.dataSync()).not.toEqual(one.right.dataSync());
  });

  it('is of the Jacobian of a linear model what the inputs say: the singular values of (x, 1), once for each output', async () => {
    const random = new SeededRandom(2);
    const inputs = Array.from({ length: 12 }, () => Array.from({ length: 4 }, () => random.normal()));
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 3, inputShape: [4] })] });
    const jacobian = own(new JacobianOperator(model, own(tf.tensor2d(inputs)), { batchSize: 5 }));
    const { diagonal } = new SingularValueDecomposition(new Matrix(inputs.map((row) => [...row, 1])));
    const { singularValues, status } = await find(jacobian, { k: 7, tol: 1e-5 });
    expect(status).toBe('converged');
    singularValues.forEach((value, i) => expect(value).toBeCloseTo(diagonal[Math.floor(i / 3)]!, 4));
    model.dispose();
  });

  it('finds the zeros of outputs that depend on nothing, to rounding', async () => {
    const model = tfl.sequential({
      layers: [tfl.layers.dense({ units: 1, activation: 'softmax', inputShape: [3] })],
    });
    const jacobian = own(new JacobianOperator(model, own(tf.randomNormal([8, 3], 0, 1, 'float32', 1))));
    const { singularValues, status } = await find(jacobian, { k: 2 });
    expect(status).toBe('converged');
    expect(Math.max(...singularValues)).toBeLessThan(1e-6);
    model.dispose();
  });

  it('spends what is allowed, and has true triplets then', async () => {
    const matrix = matrixWithSingularValues(
      50,
      40,
      Array.from({ length: 40 }, (_, i) => 2 - i / 40),
    );
    const operator = own(rectangularOperator(matrix));
    for (const maxMatvecs of [6, 7, 12, 21]) {
      operator.products = 0;
      const result = await find(operator, { k: 3, tol: 1e-6, maxMatvecs });
      expect(result.status).toBe('maxMatvecs');
      expect(operator.products).toBe(2 * Math.floor(maxMatvecs / 2));
      expect(result.numMatvecs).toBe(operator.products);
      expectTrueTriplets(matrix, result, 2);
    }
    await expect(svd(operator, { k: 3, maxMatvecs: 5 })).rejects.toThrow(
      /^svd: .*maxMatvecs >= 6, .*received 5/,
    );
  });

  it('ends as maxIterations where the restarts are spent', async () => {
    const operator = own(
      rectangularOperator(
        matrixWithSingularValues(
          50,
          40,
          Array.from({ length: 40 }, (_, i) => 2 - i / 40),
        ),
      ),
    );
    const { status, numConverged } = await find(operator, { k: 3, tol: 1e-6, krylovDim: 5, maxRestarts: 2 });
    expect(status).toBe('maxIterations');
    expect(numConverged).toBeLessThan(3);
  });

  it('tells how far it is, and stops when told, with the reason or what it has', async () => {
    const matrix = matrixWithSingularValues(
      50,
      40,
      Array.from({ length: 40 }, (_, i) => 2 - i / 40),
    );
    const operator = own(rectangularOperator(matrix));
    const told: SvdProgress[] = [];
    const { numMatvecs } = await find(operator, { k: 2, onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toMatchObject({ numMatvecs, numConverged: 2 });
    expect(
      told.every(({ singularValues, residualNorms }) => singularValues.length === residualNorms.length),
    ).toBe(true);
    const stopped = (onAbort: 'reject' | 'return'): Promise<SvdResult> => {
      const controller = new AbortController();
      const onProgress = (): void => controller.abort(new Error('enough'));
      return svd(operator, { k: 2, onProgress, onAbort, signal: controller.signal });
    };
    await expect(stopped('reject')).rejects.toThrow('enough');
    const result = own(await stopped('return'));
    expect(result.status).toBe('aborted');
    expectTrueTriplets(matrix, result, 2);
    const signal = AbortSignal.abort(new Error('before'));
    await expect(svd(operator, { signal })).rejects.toThrow('before');
    const nothing = await find(operator, { k: 2, signal, onAbort: 'return' });
    expect(nothing).toMatchObject({ status: 'aborted', numMatvecs: 0, numConverged: 0 });
    expect([...nothing.singularValues]).toEqual([NaN, NaN]);
    expect(nothing.left.shape).toEqual([2, 50]);
    expect(nothing.right.shape).toEqual([2, 40]);
  });

  /** An operator with something done to some product. */
  const disturbed = (
    matrix: Rows,
    disturb: (side: 'matvec' | 'rmatvec', product: tf.Tensor1D, count: number) => tf.Tensor1D,
  ): RectangularOperator => {
    const inner = own(rectangularOperator(matrix));
    let count = 0;
    const side =
      (name: 'matvec' | 'rmatvec') =>
      (x: tf.Tensor1D): tf.Tensor1D =>
        tf.tidy(() => disturb(name, inner[name](x), ++count));
    return { shape: inner.shape, matvec: side('matvec'), rmatvec: side('rmatvec'), dispose: () => {} };
  };

  it.each([1, 2, 5, 6])('keeps what it has where products from number %i on are not finite', async (at) => {
    const matrix = matrixWithSingularValues(30, 20, geometric);
    const operator = disturbed(matrix, (_, product, count) => (count >= at ? tf.mul(product, NaN) : product));
    const result = await find(operator, { k: 2 });
    expect(result.status).toBe('nonFinite');
    const found = Math.min(2, Math.floor((at - 1) / 2));
    expect([...result.singularValues].filter((value) => Number.isFinite(value))).toHaveLength(found);
    expectTrueTriplets(matrix, result, 10);
  });

  it('refuses an rmatvec that is not the adjoint of matvec, and says by how much one is off that nearly is', async () => {
    const matrix = matrixWithSingularValues(30, 20, geometric);
    const wrong = disturbed(matrix, (side, product) => (side === 'rmatvec' ? tf.reverse(product) : product));
    await expect(svd(wrong, { k: 2 })).rejects.toThrow(
      /^svd: expected an rmatvec that is the adjoint of matvec.*received one with/,
    );
    const random = new SeededRandom(1);
    const rough = disturbed(matrix, (_, product) => {
      const size = 1e-3 * Math.sqrt(tf.sum(tf.square(product)).dataSync()[0]! / product.size);
      const noise = tf.tensor1d(random.fillNormal(new Float32Array(product.size)));
      return tf.add(product, tf.mul(noise, size));
    });
    const { status, asymmetry, singularValues } = await find(rough, { k: 2, tol: 1e-5 });
    expect(status).toBe('stagnated');
    expect(asymmetry).toBeGreaterThan(1e-5);
    expect(asymmetry).toBeLessThan(5e-3);
    expect(singularValues[0]).toBeCloseTo(10, 1);
  });

  it('does not believe triplets of an operator that drifts by 1e-3 with each product', async () => {
    const matrix = matrixWithSingularValues(30, 20, geometric);
    let last = 1;
    const drifting = disturbed(matrix, (_, product, count) => {
      last = 1 + 1e-3 * count;
      return tf.mul(product, last);
    });
    const { status, singularValues, residualNorms } = await find(drifting, { k: 2, tol: 3e-3 });
    expect(status).toBe('stagnated');
    // The vectors are right whatever the factor is: the residual is the distance of the values.
    expect(residualNorms[0]).toBeCloseTo(Math.abs(10 * last - singularValues[0]!), 1);
  });

  it('names what is wrong with its arguments, and leaves nothing behind', async () => {
    const operator = own(rectangularOperator(matrixWithSingularValues(30, 20, geometric)));
    const cases: [RectangularOperator | null, SvdOptions, RegExp][] = [
      [null, {}, /^svd: expected a rectangular operator \{shape, matvec, rmatvec\}, received null/],
      [{ ...operator, shape: [3] as never }, {}, /of shape \[m, n\], both >= 1, received \[3\]/],
      [{ ...operator, shape: [3, 0] }, {}, /of shape \[m, n\]/],
      [{ ...operator, rmatvec: 3 as never }, {}, /a rectangular operator/],
      [operator, { k: 21 }, /k from 1 to 20, received 21/],
      [operator, { tol: 0 }, /tol > 0/],
      [operator, { k: 4, krylovDim: 4 }, /krylovDim from 5 to 20, received 4/],
      [
        { ...operator, matvec: (v) => v.clone() },
        {},
        /^RectangularOperator.matvec: expected .* shape \[30\]/,
      ],
      [
        { ...operator, rmatvec: (u) => u.clone() },
        {},
        /^RectangularOperator.rmatvec: expected .* shape \[20\]/,
      ],
    ];
    for (const [given, options, message] of cases) {
      const run = svd(given as RectangularOperator, options);
      await expect(run).rejects.toThrow(message);
      await expect(run).rejects.toBeInstanceOf(CurvatureArgumentError);
    }
    const thrown = new Error('product');
    let count = 0;
    const failing = {
      ...operator,
      matvec: (v: tf.Tensor1D) => {
        if (++count === 3) throw thrown;
        return operator.matvec(v);
      },
    };
    await expect(svd(failing, { k: 2 })).rejects.toBe(thrown);
  });
});

/** Vectors of unit length, orthogonal, and residuals in double precision that are those of the result to float32. */
function expectTrueTriplets(matrix: Rows, result: SvdResult, norm: number): void {
  const { singularValues, left, right, residualNorms } = result;
  const [us, vs] = [left.arraySync(), right.arraySync()];
  const back = transposed(matrix);
  singularValues.forEach((value, i) => {
    if (Number.isNaN(value)) return;
    const [u, v] = [us[i]!, vs[i]!];
    for (const rows of [us, vs]) {
      for (let j = 0; j <= i; j++) {
        const product = rows[i]!.reduce((sum, x, c) => sum + x * rows[j]![c]!, 0);
        expect(Math.abs(product - Number(i === j))).toBeLessThan(1e-5);
      }
    }
    const one = Math.hypot(...timesVector(matrix, v).map((x, c) => x - value * u[c]!));
    const other = Math.hypot(...timesVector(back, u).map((x, c) => x - value * v[c]!));
    expect(Math.abs(residualNorms[i]! - Math.max(one, other))).toBeLessThanOrEqual(4e-6 * norm + 1e-30);
  });
}
