import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { conditionNumber } from '../../../src/estimators/condition-number.js';
import { diagonal } from '../../../src/estimators/diagonal.js';
import { Sample } from '../../../src/estimators/estimate.js';
import { frobeniusNorm, spectralNorm } from '../../../src/estimators/norm.js';
import { spectralDensity } from '../../../src/estimators/spectral-density.js';
import type { TraceMethod } from '../../../src/estimators/trace.js';
import { trace } from '../../../src/estimators/trace.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';
import { matrixOperator } from '../../../src/operators/matrix-operator.js';
import { matrixWithSpectrum, operatorWithSpectrum } from '../../contract/prescribed-spectrum.js';
import { timesVector } from '../../rectangular-matrix.js';
import { useBackend } from '../../wasm-backend.js';

const n = 120;
/** A few large eigenvalues above a bulk, as a Hessian has them. */
const values = Array.from({ length: n }, (_, i) => (i < 6 ? 10 - i : 0.3 * Math.sin(i)));
const matrix = matrixWithSpectrum(values);
const truth = {
  trace: values.reduce((sum, x) => sum + x, 0),
  frobenius: Math.hypot(...values),
  diagonal: matrix.map((row, i) => row[i]!),
};

describe('estimators', () => {
  let operator: LinearOperator;
  let tensors: number;
  beforeAll(async () => {
    await useBackend('cpu');
    operator = operatorWithSpectrum(values);
  });
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));
  afterAll(() => operator.dispose());

  describe.each<TraceMethod>(['hutchinson', 'hutch++', 'xtrace'])('trace by %s', (method) => {
    it('is unbiased: the mean over seeds is the truth within three standard errors', async () => {
      const runs = [];
      for (let seed = 0; seed < 24; seed++) {
        runs.push(await trace(operator, { method, seed, tol: 1e-9, maxMatvecs: 48 }));
      }
      const mean = runs.reduce((sum, { value }) => sum + value, 0) / runs.length;
      const deviation = Math.sqrt(
        runs.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / (runs.length - 1),
      );
      expect(Math.abs(mean - truth.trace)).toBeLessThan((3 * deviation) / Math.sqrt(runs.length) + 1e-3);
      // The standard error reported is that of the runs, within a factor 2.
      const claimed = runs.reduce((sum, { standardError }) => sum + standardError, 0) / runs.length;
      expect(claimed).toBeGreaterThan(deviation / 2);
      expect(claimed).toBeLessThan(deviation * 2);
      for (const { numMatvecs, status } of runs) {
        expect(numMatvecs).toBeLessThanOrEqual(48);
        expect(status).toBe('maxIterations');
      }
    });

    it('stops at the error asked for', async () => {
      const { value, standardError, status, numMatvecs } = await trace(operator, {
        method,
        tol: 0.1,
        maxMatvecs: 400,
      });
      expect(status).toBe('converged');
      expect(standardError).toBeLessThanOrEqual(0.1 * value);
      expect(Math.abs(value - truth.trace)).toBeLessThan(4 * standardError + 1e-4);
      expect(numMatvecs).toBeLessThan(400);
    });

    it('is exact on an operator of low rank, where the method promises it', async () => {
      const low = operatorWithSpectrum([7, 3, ...Array.from({ length: 40 }, () => 0)]);
      const { value } = await trace(low, { method, maxMatvecs: 48 });
      if (method !== 'hutchinson') expect(value).toBeCloseTo(10, 4);
      low.dispose();
    });

    it('reports products that are not finite', async () => {
      const broken: LinearOperator = {
        size: 5,
        matvec: () => tf.fill([5], NaN) as tf.Tensor1D,
        dispose: () => {},
      };
      expect((await trace(broken, { method })).status).toBe('nonFinite');
    });
  });

  it.each<TraceMethod>(['hutchinson', 'hutch++', 'xtrace'])(
    'trace by %s is nonFinite wherever among its products one is',
    async (method) => {
      // Rank 3 besides, so that the sketch comes to its end, too.
      const low = operatorWithSpectrum([4, 2, 1, ...Array.from({ length: 20 }, () => 0)]);
      for (const whole of [operator, low]) {
        const { numMatvecs } = await trace(whole, { method, tol: 1e-9, maxMatvecs: 36 });
        for (let at = 1; at <= numMatvecs; at++) {
          let count = 0;
          const broken: LinearOperator = {
            size: whole.size,
            matvec: (v) => (++count === at ? tf.fill([whole.size], NaN) : whole.matvec(v)),
            dispose: () => {},
          };
          const { status } = await trace(broken, { method, tol: 1e-9, maxMatvecs: 36 });
          expect({ at, status }).toEqual({ at, status: 'nonFinite' });
        }
      }
      low.dispose();
    },
  );

  it('repeats bit for bit with the same seed', async () => {
    const [a, b] = [await trace(operator, { seed: 5 }), await trace(operator, { seed: 5 })];
    expect(a).toEqual(b);
    expect((await trace(operator, { seed: 6 })).value).not.toBe(a.value);
  });

  // Two-sided 95 % quantiles of Student's distribution, from scipy.stats.t.ppf(0.975, degrees).
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [3, 3.1824],
    [4, 2.7764],
    [5, 2.5706],
    [6, 2.4469],
    [7, 2.3646],
    [20, 2.086],
  ])('tells errors by the quantile of Student: %d degrees of freedom', (degrees, quantile) => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6].slice(0, degrees + 1);
    const sample = new Sample();
    for (const value of values) sample.add(value);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / degrees / values.length);
    expect((1.96 * sample.standardError) / deviation / quantile).toBeCloseTo(1, 2);
  });

  it.each([1e-250, 1e-170, 1e170, 1e250])('tells the errors of numbers near %d', (size) => {
    const [small, plain] = [new Sample(), new Sample()];
    for (const value of [3, 1, 4, 1, 5]) {
      small.add(value * size);
      plain.add(value);
    }
    expect(small.standardError / size / plain.standardError).toBeCloseTo(1, 10);
  });

  it.each([
    [
      [1, -1],
      [-1, 1],
    ],
    // Softmax of one-hot inputs has such blocks: half of all vectors of signs lie in its null space.
    [
      [2, -1, -1],
      [-1, 1, 0],
      [-1, 0, 1],
    ],
  ])('finds the trace by hutch++ of a matrix of integers with a null space (%#)', async (...rows) => {
    const matrix = tf.tensor2d(rows);
    const singular = matrixOperator(matrix);
    const expected = rows.reduce((sum, row, i) => sum + row[i]!, 0);
    for (let seed = 0; seed < 8; seed++) {
      const { value, status } = await trace(singular, { method: 'hutch++', seed });
      expect(status).toBe('converged');
      expect(value).toBeCloseTo(expected, 4);
    }
    singular.dispose();
    matrix.dispose();
  });

  // Spectra of which the estimates that leave one probe out vary together.
  it.each<[string, (i: number) => number]>([
    ['that decays', (i) => 0.8 ** i],
    ['of low rank above a floor', (i) => (i < 8 ? 5 : 0.01)],
    ['that is flat', (i) => 1 + 0.5 * Math.sin(i)],
  ])('claims no smaller error by XTrace than it has, on a spectrum %s', async (_, spectrum) => {
    const values = Array.from({ length: 60 }, (_, i) => spectrum(i));
    const some = operatorWithSpectrum(values);
    const whole = values.reduce((sum, x) => sum + x, 0);
    let covered = 0;
    for (let seed = 0; seed < 60; seed++) {
      const options = { seed, tol: 1e-9, maxMatvecs: 16 };
      const { value, standardError } = await trace(some, { method: 'xtrace', ...options });
      if (Math.abs(value - whole) <= 2 * standardError) covered++;
    }
    // With a probability of 0.95 each, 3 of 1000 such batches have less than 52.
    expect(covered).toBeGreaterThanOrEqual(52);
    some.dispose();
  });

  // What is below the largest eigenvalue is small beside it in norm, but there is much of it.
  it.each([
    [1000, 2e-6, 24, 19],
    [10_000, 9e-7, 4, 2],
  ])('misses no bulk under one large eigenvalue: n = %d, %d', async (size, bulk, runs, least) => {
    const entries = Float32Array.from({ length: size }, (_, i) => (i === 0 ? 1 : bulk));
    const whole = entries.reduce((sum, x) => sum + x, 0);
    const entriesOnDevice = tf.tensor1d(entries);
    const some: LinearOperator = {
      size,
      matvec: (v) => tf.mul(v, entriesOnDevice),
      dispose: () => entriesOnDevice.dispose(),
    };
    let covered = 0;
    for (let seed = 0; seed < runs; seed++) {
      const { value, standardError, status } = await trace(some, { seed, tol: 1e-3 });
      expect(status).toBe('converged');
      if (Math.abs(value - whole) <= 2 * standardError) covered++;
      expect(Math.abs(value - whole)).toBeLessThan(2e-3 * whole);
    }
    // With a probability of 0.95 each, 3 of 1000 such batches have less.
    expect(covered).toBeGreaterThanOrEqual(least);
    some.dispose();
  });

  it('says what may be hidden in the rounding of a sketch that has come to its end', async () => {
    const size = 400;
    const entries = tf.tensor1d(Float32Array.from({ length: size }, (_, i) => (i === 0 ? 1 : 1e-8)));
    const some: LinearOperator = {
      size,
      matvec: (v) => tf.mul(v, entries),
      dispose: () => entries.dispose(),
    };
    const whole = 1 + 399e-8;
    // Enough for the tolerance, and not: then the rest is sampled.
    for (const tol of [1e-3, 1e-6]) {
      const { value, standardError, numMatvecs, status } = await trace(some, { tol, maxMatvecs: 40 });
      expect(Math.abs(value - whole)).toBeLessThanOrEqual(2 * standardError);
      expect(standardError).toBeLessThan(1e-4);
      if (tol === 1e-3) expect({ status, numMatvecs }).toEqual({ status: 'converged', numMatvecs: 3 });
      else expect(Math.abs(value - whole)).toBeLessThan(1e-6);
    }
    some.dispose();
  });

  it('looks after a third of the products of Hutch++ whether that is enough', async () => {
    const seen: number[] = [];
    const onProgress = ({ numMatvecs }: { numMatvecs: number }): void => void seen.push(numMatvecs);
    const { status, numMatvecs } = await trace(operator, {
      method: 'hutch++',
      maxMatvecs: 150,
      tol: 0.1,
      onProgress,
    });
    expect(seen[0]).toBeLessThanOrEqual(50);
    expect(status).toBe('converged');
    expect(numMatvecs).toBeLessThanOrEqual(50 + 16);
  });

  it('beats Hutchinson by Hutch++ and XTrace on a decaying spectrum', async () => {
    const decaying = operatorWithSpectrum(Array.from({ length: 100 }, (_, i) => 0.7 ** i));
    const error = async (method: TraceMethod): Promise<number> => {
      let squares = 0;
      for (let seed = 0; seed < 8; seed++) {
        const { value } = await trace(decaying, { method, seed, tol: 1e-9, maxMatvecs: 40 });
        squares += (value - 1 / 0.3) ** 2;
      }
      return Math.sqrt(squares / 8);
    };
    const hutchinson = await error('hutchinson');
    expect(await error('hutch++')).toBeLessThan(hutchinson / 5);
    expect(await error('xtrace')).toBeLessThan(hutchinson / 20);
    decaying.dispose();
  });

  it.each([2, 3, 5])('covers 95 of 100 entries of the diagonal after %d products', async (maxMatvecs) => {
    let covered = 0;
    const runs = 40;
    for (let seed = 0; seed < runs; seed++) {
      const result = await diagonal(operator, { maxMatvecs, tol: 1e-9, seed });
      const [received, errors] = [result.diagonal.dataSync(), result.standardErrors.dataSync()];
      truth.diagonal.forEach((x, i) => {
        if (Math.abs(received[i]! - x) <= 2 * errors[i]!) covered++;
      });
      result.dispose();
    }
    // Of 4800 entries; those of one run go together, so that the share has some half of a percent.
    expect(covered / runs / n).toBeGreaterThan(0.93);
    expect(covered / runs / n).toBeLessThan(0.97);
  });

  it.each([2, 4])('covers the Frobenius norm in 95 of 100 runs of %d products', async (maxMatvecs) => {
    let covered = 0;
    for (let seed = 0; seed < 60; seed++) {
      const { value, standardError } = await frobeniusNorm(operator, { maxMatvecs, tol: 1e-9, seed });
      if (Math.abs(value - truth.frobenius) <= 2 * standardError) covered++;
    }
    // With a probability of 0.95 each, 3 of 1000 such batches have less than 52.
    expect(covered).toBeGreaterThanOrEqual(52);
  });

  it('finds the diagonal within four standard errors', async () => {
    const result = await diagonal(operator, { maxMatvecs: 200, tol: 1e-9 });
    const [received, errors] = [result.diagonal.dataSync(), result.standardErrors.dataSync()];
    truth.diagonal.forEach((x, i) =>
      expect(Math.abs(received[i]! - x)).toBeLessThan(4.5 * errors[i]! + 1e-6),
    );
    result.dispose();
  });

  it('finds the diagonal of a diagonal matrix with one product', async () => {
    const a = tf.tensor2d([3, 0, 0, 0, -1, 0, 0, 0, 2], [3, 3]);
    const exact = matrixOperator(a);
    a.dispose();
    const result = await diagonal(exact, { maxMatvecs: 2 });
    expect(Array.from(result.diagonal.dataSync())).toEqual([3, -1, 2]);
    expect(Array.from(result.standardErrors.dataSync())).toEqual([0, 0, 0]);
    result.dispose();
    exact.dispose();
  });

  it('finds the Frobenius norm of an indefinite operator', async () => {
    const { value, standardError } = await frobeniusNorm(operator, { tol: 0.02, maxMatvecs: 500 });
    expect(standardError).toBeLessThanOrEqual(0.02 * value);
    expect(Math.abs(value - truth.frobenius)).toBeLessThan(4 * standardError);
  });

  it('finds the spectral norm, whichever end it lies at', async () => {
    const negative = operatorWithSpectrum(values.map((x) => -x));
    expect((await spectralNorm(negative)).value).toBeCloseTo(10, 4);
    negative.dispose();
  });

  it('finds the condition number of a definite operator and names an indefinite one', async () => {
    const definite = operatorWithSpectrum(Array.from({ length: 50 }, (_, i) => 1 + i));
    const { value, status } = await conditionNumber(definite);
    expect(status).toBe('converged');
    expect(value).toBeCloseTo(50, 2);
    expect((await conditionNumber(definite, { damping: 49 })).value).toBeCloseTo(99 / 50, 3);
    definite.dispose();
    expect(await conditionNumber(operator)).toMatchObject({ status: 'indefinite', value: Infinity });
  });

  it('says how far a condition number may be off, also where the whole space is used up', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const matrix = matrixWithSpectrum([690, 20, 1], seed);
      // In double precision, so that 690 is the truth.
      const small: LinearOperator = {
        ...{ size: 3, dispose: () => {} },
        matvec: (v) => tf.tensor1d(timesVector(matrix, v.dataSync())),
      };
      const found = await conditionNumber(small, { tol: 1e-5 });
      expect(Math.abs(found.value - 690), `seed ${seed}`).toBeLessThan(found.residualNorm);
    }
  });

  const geometric = (condition: number): number[] =>
    Array.from({ length: 40 }, (_, i) => condition ** (-i / 39));
  it.each([
    ['definite, κ = 1e5', geometric(1e5), { status: 'converged', value: 1e5 }],
    ['definite, κ = 1e7', geometric(1e7), { status: 'singular', value: Infinity }],
    ['of low rank', [3, 2, 1, 0, 0, 0], { status: 'singular', value: Infinity }],
    ['of low rank, negative', [0, 0, -1, -2, -5], { status: 'singular', value: Infinity }],
    ['zero', [0, 0, 0, 0], { status: 'singular', value: Infinity }],
    ['indefinite', [3, 2, -1, -4], { status: 'indefinite', value: Infinity }],
    ['negative definite', geometric(100).map((x) => -x), { status: 'negativeDefinite', value: 100 }],
  ])('says what an operator is that is %s', async (_, eigenvalues, { status, value }) => {
    for (let seed = 1; seed <= 3; seed++) {
      const some = operatorWithSpectrum(eigenvalues, seed);
      const received = await conditionNumber(some);
      expect(received.status).toBe(status);
      // To the residual; eigenvalues of 1e-5 ‖A‖ are known to a percent.
      if (value === Infinity) expect(received.value).toBe(Infinity);
      else expect(Math.abs(received.value / value - 1)).toBeLessThan(0.01);
      some.dispose();
    }
  });
});

describe('spectralDensity', () => {
  beforeAll(() => useBackend('cpu'));

  it('has mass 1, and the first two moments of the spectrum', async () => {
    const operator = operatorWithSpectrum(values);
    const tensors = tf.memory().numTensors;
    const { grid, density, probes, sigma } = await spectralDensity(operator, {
      numProbes: 30,
      krylovDim: 30,
    });
    const step = grid[1]! - grid[0]!;
    const moment = (power: number) => density.reduce((sum, y, i) => sum + y * grid[i]! ** power, 0) * step;
    expect(moment(0)).toBeCloseTo(1, 5);
    // Hutchinson's error of the mean with 30 probes, and three of them.
    const spread = (3 * Math.SQRT2 * truth.frobenius) / n / Math.sqrt(30);
    expect(Math.abs(moment(1) - truth.trace / n)).toBeLessThan(spread);
    expect(Math.abs(moment(2) - sigma ** 2 - truth.frobenius ** 2 / n)).toBeLessThan(10 * spread);
    for (const { weights } of probes) expect(weights.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 10);
    expect(tf.memory().numTensors).toBe(tensors);
    operator.dispose();
  });

  it('weighs eigenvalues by their multiplicity: squared first components, not any others', async () => {
    const operator = operatorWithSpectrum(Array.from({ length: 100 }, (_, i) => (i < 25 ? 4 : 1)));
    const { probes } = await spectralDensity(operator, { numProbes: 60, krylovDim: 10 });
    const heavy = probes.map(({ nodes, weights }) =>
      nodes.reduce((sum, node, j) => sum + (Math.abs(node - 4) < 1e-3 ? weights[j]! : 0), 0),
    );
    // A quarter of the mass; its standard deviation over 60 probes is √(2 · 0.25 · 0.75 / 100 / 60) = 0.008.
    expect(heavy.reduce((sum, x) => sum + x, 0) / 60).toBeCloseTo(0.25, 1);
    operator.dispose();
  });

  it('shows magnitudes on a logarithmic scale, with mass 1', async () => {
    const operator = operatorWithSpectrum([100, ...Array.from({ length: 99 }, () => -0.01)]);
    const { grid, density } = await spectralDensity(operator, { scale: 'log', numProbes: 20 });
    const step = grid[1]! - grid[0]!;
    expect(density.reduce((sum, y) => sum + y, 0) * step).toBeCloseTo(1, 5);
    const peak = grid[density.indexOf(Math.max(...density))]!;
    expect(peak).toBeCloseTo(-2, 1);
    operator.dispose();
  });

  it.each([
    ['many values', Array.from({ length: 30 }, (_, i) => 0.01 + 0.0334 * i)],
    ['one value', [3, 3, 3]],
  ])('has mass 1 however narrow the Gaussians are to be, of %s', async (_, spectrum) => {
    const operator = operatorWithSpectrum(spectrum);
    for (const scale of ['linear', 'log'] as const) {
      const asked = { scale, numProbes: 1, sigma: 1e-25 };
      const { grid, density, sigma } = await spectralDensity(operator, asked);
      const step = grid[1]! - grid[0]!;
      expect(density.reduce((sum, y) => sum + y, 0) * step).toBeCloseTo(1, 5);
      // Four points a width, and as narrow as a million of them allow.
      expect(step).toBeLessThan(sigma / 3.99);
      expect(sigma).toBeLessThan(1e-5);
    }
    operator.dispose();
  });

  it.each([3, 0, -1e-30, 1e20])('draws one eigenvalue, %d, with mass 1', async (value) => {
    for (const scale of ['linear', 'log'] as const) {
      const operator = operatorWithSpectrum(Array.from({ length: 20 }, () => value));
      const { grid, density, sigma } = await spectralDensity(operator, { scale });
      const step = grid[1]! - grid[0]!;
      expect(Math.abs(density.reduce((sum, y) => sum + y, 0) * step - 1)).toBeLessThan(0.01);
      // The points lie apart, and the peak where it should, within a width of one percent of what there is.
      expect(grid.every((t, i) => i === 0 || t > grid[i - 1]!)).toBe(true);
      const place = scale === 'log' ? Math.log10(Math.abs(value) + 1e-5) : value;
      const unit = scale === 'log' || value === 0 ? 1 : Math.abs(value);
      expect(Math.abs(sigma / unit - 0.01)).toBeLessThan(1e-6);
      expect(Math.abs(grid[density.indexOf(Math.max(...density))]! - place)).toBeLessThan(sigma);
      operator.dispose();
    }
  });

  it('tells the spread over the probes, and repeats with a seed', async () => {
    const operator = operatorWithSpectrum(values);
    const one = await spectralDensity(operator, { seed: 3, numProbes: 4, krylovDim: 10 });
    const two = await spectralDensity(operator, { seed: 3, numProbes: 4, krylovDim: 10 });
    expect(one.density).toEqual(two.density);
    expect(Math.max(...one.spread)).toBeGreaterThan(0);
    expect(one.numMatvecs).toBe(40);
    operator.dispose();
  });
});
