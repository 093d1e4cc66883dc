import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { KFACOperator } from '../../../src/operators/kfac.js';
import type { LinearOperator } from '../../../src/operators/linear-operator.js';

/** The matrix of an operator, row by row. */
export function matrixOf(operator: LinearOperator): number[][] {
  const { size } = operator;
  return Array.from({ length: size }, (_, i) =>
    tf.tidy(() => {
      const unit = tf.reshape(tf.oneHot([i], size, 1, 0, 'float32'), [size]) as Tensor1D;
      return Array.from(operator.matvec(unit).dataSync());
    }),
  );
}

/** A matrix with zeros for all that lies outside of the blocks of an operator. */
export function inBlocksOf({ blocks, parameters }: KFACOperator, matrix: readonly number[][]): number[][] {
  const blockOf = parameters.variables.flatMap(({ name, size }) =>
    new Array<number>(size).fill(blocks.findIndex(({ variables }) => variables.includes(name))),
  );
  return matrix.map((row, i) => row.map((x, j) => (blockOf[i] === blockOf[j] ? x : 0)));
}

/** ‖a - b‖ in the Frobenius norm. */
export function distance(a: readonly number[][], b: readonly number[][]): number {
  return Math.sqrt(a.flatMap((row, i) => row.map((x, j) => (x - b[i]![j]!) ** 2)).reduce((s, x) => s + x, 0));
}

/** A ⊗ B: entry (i m + k, j m + l) is A_ij B_kl. */
export function kronecker(a: readonly number[][], b: readonly number[][]): number[][] {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))));
}

/** A block-diagonal matrix. */
export function blockDiagonal(...blocks: readonly (readonly number[][])[]): number[][] {
  const n = blocks.reduce((sum, block) => sum + block.length, 0);
  let first = 0;
  return blocks.flatMap((block) => {
    const before = first;
    first += block.length;
    return block.map((row) => [
      ...new Array<number>(before).fill(0),
      ...row,
      ...new Array<number>(n - before - row.length).fill(0),
    ]);
  });
}

/** Σ c_k x_k x_kᵀ. */
export function secondMoment(rows: readonly (readonly number[])[], weights: readonly number[]): number[][] {
  const width = rows[0]!.length;
  return Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) =>
      rows.reduce((sum, row, k) => sum + weights[k]! * row[i]! * row[j]!, 0),
    ),
  );
}

export const identity = (n: number, scale = 1): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));

/** A dense layer with seeded weights, biases that are not zero among them. */
export function dense(
  units: number,
  activation: 'linear' | 'tanh' | 'softmax' | 'sigmoid',
  seed: number,
  args: Partial<Parameters<typeof tfl.layers.dense>[0]> = {},
): tfl.layers.Layer {
  return tfl.layers.dense({
    units,
    activation,
    kernelInitializer: tfl.initializers.glorotNormal({ seed }),
    biasInitializer: tfl.initializers.randomNormal({ seed: seed + 1000, stddev: 0.3 }),
    ...args,
  });
}

export const normal = (shape: number[], seed: number): tf.Tensor =>
  tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Targets one-hot, examples in turn. */
export const oneHotTargets = (examples: number, classes: number): tf.Tensor =>
  tf.tidy(() =>
    tf.oneHot(
      Array.from({ length: examples }, (_, i) => (i * i + 1) % classes),
      classes,
      1,
      0,
      'float32',
    ),
  );
