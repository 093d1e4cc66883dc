import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { deflated } from '../../src/operators/deflated.js';
import type { LinearOperator } from '../../src/operators/linear-operator.js';
import { materialize } from '../../src/operators/materialize.js';
import { matrixOperator } from '../../src/operators/matrix-operator.js';
import { projected } from '../../src/operators/projected.js';
import { scaled } from '../../src/operators/scaled.js';
import { shifted } from '../../src/operators/shifted.js';
import { blocks, subset } from '../../src/operators/subset.js';
import { sum } from '../../src/operators/sum.js';
import { ParameterSpace } from '../../src/parameters.js';
import { variableOf } from '../closed-form.js';
import { useBackend } from '../wasm-backend.js';
import { nodeBackend } from './node-backend.js';
import { testOperatorContract } from './operator-contract.js';
import { operatorRows } from './operator-rows.js';
import { testRectangularContract } from './rectangular-contract.js';
import { rectangularRows } from './rectangular-rows.js';
import { matrixWithSpectrum } from './prescribed-spectrum.js';

describe.each(['cpu', 'wasm'] as const)('on %s', (name) => {
  testOperatorContract(operatorRows, nodeBackend(name));
  testRectangularContract(rectangularRows, nodeBackend(name));
});

const a = matrixWithSpectrum([5, 3, 1, -1, -4, 0.5], 1);

describe('operators made with wrong arguments', () => {
  const small = { size: 2, matvec: (v: tf.Tensor1D) => tf.clone(v), dispose: () => {} };
  it('throw and name what they expect', () => {
    expect(() => sum()).toThrow('at least one operator');
    expect(() => sum(small, { ...small, size: 3 })).toThrow('operators of one size, received [2,3]');
    expect(() => scaled(small, NaN)).toThrow('a finite factor');
    expect(() => shifted(small, Infinity)).toThrow('a finite damping');
    const rows = tf.ones([1, 3]) as tf.Tensor2D;
    expect(() => projected(small, rows)).toThrow('[m, 2]');
    expect(() => deflated(small, { eigenvalues: [1], eigenvectors: rows })).toThrow('[m, 2]');
    expect(() => matrixOperator(rows)).toThrow('[n, n]');
    rows.dispose();
  });
});

describe('subset and blocks', () => {
  beforeAll(() => useBackend('cpu'));

  it('are the diagonal blocks of the variables chosen', async () => {
    const variables = [variableOf([1, 2]), variableOf(3), variableOf([4, 5, 6])];
    const matrix = tf.tensor2d(a);
    const whole = { ...matrixOperator(matrix), parameters: new ParameterSpace(variables) };
    const pick = async (indices: number[], operator: LinearOperator) => {
      const block = await materialize(operator);
      block
        .arraySync()
        .forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(a[indices[i]!]![indices[j]!]!, 5)));
      expect(block.shape).toEqual([indices.length, indices.length]);
      block.dispose();
    };
    await pick([0, 1, 3, 4, 5], subset(whole, [variables[2]!, variables[0]!]));
    await pick(
      [2],
      subset(whole, (variable) => variable.size === 1),
    );
    const layer = { name: 'dense', trainableWeights: [{ read: () => variables[2] }] };
    await pick([3, 4, 5], subset(whole, layer));
    expect(subset(whole, layer).parameters.variables).toEqual([variables[2]]);
    const groups = blocks(whole, (variable) => (variable.size > 1 ? 'kernels' : 'biases'));
    expect([...groups.keys()]).toEqual(['kernels', 'biases']);
    await pick([0, 1, 3, 4, 5], groups.get('kernels')!);
    const stranger = variableOf([1]);
    expect(() => subset(whole, [stranger])).toThrow('variables of the operator');
    expect(() => subset(whole, () => false)).toThrow('a predicate that chooses');
    whole.dispose();
    for (const tensor of [matrix, stranger, ...variables]) tensor.dispose();
  });

  it('materialize stops when aborted', async () => {
    const tensors = tf.memory().numTensors;
    const identity = { size: 100, matvec: (v: tf.Tensor1D) => tf.clone(v), dispose: () => {} };
    const controller = new AbortController();
    const run = materialize(identity, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
