import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { joinNumbers } from '../../../src/solvers/joined-numbers.js';
import { useBackend } from '../../wasm-backend.js';

/** Pieces of the sizes given, filled with 1, 2, 3, … in turn. */
function piecesOf(sizes: readonly number[]): { pieces: tf.Tensor2D[]; numbers: number[][] } {
  let next = 1;
  const numbers = sizes.map((size) => Array.from({ length: size }, () => next++));
  return { pieces: numbers.map((list) => tf.tensor2d([list])), numbers };
}

describe('joinNumbers', () => {
  beforeAll(() => useBackend('cpu'));

  const many = Array.from({ length: 40 }, (_, i) => [3, 1, 1, 3, 8][i % 5]!);
  it.each([[[1]], [[5, 2, 9]], [[3, 3]], [[3, 3, 3, 3, 3, 3, 1]], [many]])(
    '%j: gives each piece back',
    (sizes) => {
      const { numTensors } = tf.memory();
      const { pieces, numbers } = piecesOf(sizes);
      const { tensor, split } = joinNumbers(pieces);
      expect(split(tensor.dataSync<'float32'>()).map((part) => [...part])).toEqual(numbers);
      tf.dispose([tensor, ...pieces]);
      expect(tf.memory().numTensors).toBe(numTensors);
    },
  );

  it('joins in few shapes, however many pieces there are', async () => {
    const lists = new Set<string>();
    for (let blocks = 0; blocks <= 54; blocks++) {
      const { pieces } = piecesOf([...Array.from({ length: blocks }, () => 3), 1, 1, 1]);
      const { kernels } = await tf.profile(() => joinNumbers(pieces).tensor);
      for (const { name, inputShapes } of kernels)
        if (name === 'Concat') lists.add(JSON.stringify(inputShapes));
      tf.dispose(pieces);
    }
    // A group of threes, one of ones, and their list for each number of groups up to nine, or for a single three.
    expect(lists.size).toBeLessThanOrEqual(2 + 10);
  });
});
