import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EigenResult, SavedEigenResult } from '../../../src/index.js';
import { CurvatureArgumentError, loadEigenResult } from '../../../src/index.js';
import { useBackend } from '../../wasm-backend.js';

/** Two pairs in R³. */
const saved = {
  json: {
    format: 'tfjs-curvature/eigen-result',
    version: 1,
    shape: [2, 3],
    eigenvalues: [2, 1],
    residualNorms: [0, null],
    status: 'maxIterations',
    numConverged: 1,
    numMatvecs: 7,
    asymmetry: null,
  },
  eigenvectors: Float32Array.of(1, 0, 0, 0, 1, 0),
};

/** What no field may hold, beside what is listed for each. */
const never = [undefined, 'x', '2', {}, NaN, Infinity, true];

const wrong: Record<string, readonly unknown[]> = {
  format: [...never, null],
  version: [...never, null, 2],
  shape: [...never, null, [2], [3, 2], [2, 3, 1], ['2', 3], [0, 3], [2.5, 3], [-2, -3]],
  eigenvalues: [...never, null, [], [1], [1, 2, 3], ['2', '1'], [2, NaN], [2, Infinity], [2, undefined]],
  residualNorms: [...never, null, [], [1], [1, 2, 3], ['0', '0'], [0, NaN], [0, -Infinity], [0, -1e-9]],
  status: [...never, null, 'Converged', 'toString', '__proto__', 1, 'converged'],
  numConverged: [...never, null, -1, 3, 0.5, 2],
  numMatvecs: [...never, null, -1, 0.5],
  asymmetry: [...never, -1e-9],
  innerProducts: [
    ...never.slice(1),
    null,
    [],
    [[1]],
    [[1], [0]],
    [
      [1, 0],
      [0, 1],
    ],
    [[2], [0, 1]],
  ],
};

beforeAll(() => useBackend('cpu'));

const load = (value: unknown): unknown => loadEigenResult(value as SavedEigenResult);

describe.each(Object.entries(wrong))('%s of a saved result', (field, values) => {
  it.each(values.map((value) => [value]))('is not %j', (value) => {
    const { numTensors } = tf.memory();
    expect(() => load({ ...saved, json: { ...saved.json, [field]: value } })).toThrow(CurvatureArgumentError);
    expect(() => load({ ...saved, json: { ...saved.json, [field]: value } })).toThrow(/^loadEigenResult: /);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

it.each([
  ['of another length', Float32Array.of(1, 0, 0)],
  ['of another type', [1, 0, 0, 0, 1, 0]],
  ['with a NaN', Float32Array.of(NaN, 0, 0, 0, 1, 0)],
  ['with an infinity', Float32Array.of(1, 0, 0, 0, Infinity, 0)],
  ['that are not of length 1', Float32Array.of(1, 0, 0, 0, 0.99, 0)],
  ['that are zero, with an eigenvalue', Float32Array.of(1, 0, 0, 0, 0, 0)],
  ['that are not orthogonal', Float32Array.of(1, 0, 0, 0.6, 0.8, 0)],
  ['that are the same', Float32Array.of(1, 0, 0, 1, 0, 0)],
])('eigenvectors %s are refused', (_, eigenvectors) => {
  expect(() => load({ ...saved, eigenvectors })).toThrow(/^loadEigenResult: /);
});

it.each([
  ['finite, without an eigenvalue', { eigenvalues: [2, null] }, [1, 0, 0, 0, 1, 0]],
  [
    'said to have all converged, one residual unknown',
    { status: 'converged', numConverged: 2 },
    [1, 0, 0, 0, 1, 0],
  ],
  [
    'all converged, of a search that did not',
    { residualNorms: [0, 0], numConverged: 2, status: 'stagnated' },
    [1, 0, 0, 0, 1, 0],
  ],
])('pairs are refused that are %s', (_, fields, eigenvectors) => {
  const json = { ...saved.json, ...fields };
  expect(() => load({ json, eigenvectors: Float32Array.from(eigenvectors) })).toThrow(/^loadEigenResult: /);
});

it.each([
  ['one was not found', { eigenvalues: [2, null] }, [1, 0, 0, 0, 0, 0]],
  ['products were not finite', { eigenvalues: [2, 1], status: 'nonFinite' }, [0, 0, 0, 0, 0, 0]],
  ['all converged', { residualNorms: [0, 0], numConverged: 2, status: 'converged' }, [0, 1, 0, 0, 0, 1]],
])('what is right is loaded where %s', (_, fields, eigenvectors) => {
  const result = load({ json: { ...saved.json, ...fields }, eigenvectors: Float32Array.from(eigenvectors) });
  const { eigenvectors: rows, dispose } = result as EigenResult;
  expect(Array.from(rows.dataSync())).toEqual(eigenvectors);
  dispose();
});

it('what is right is loaded', () => {
  const result = loadEigenResult(saved as unknown as SavedEigenResult);
  expect(result.residualNorms[1]).toBeNaN();
  expect(result.asymmetry).toBeNaN();
  expect(Array.from(result.eigenvectors.dataSync())).toEqual([1, 0, 0, 0, 1, 0]);
  result.dispose();
});
