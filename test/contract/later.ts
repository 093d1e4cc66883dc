import * as tf from '@tensorflow/tfjs-core';
import type { AsyncLinearOperator } from '../../src/operators/async-operator.js';
import type { LinearOperator } from '../../src/operators/linear-operator.js';

/** The same operator as one whose products are computed elsewhere, and come later. */
export function later(operator: LinearOperator): AsyncLinearOperator {
  return {
    size: operator.size,
    async multiply(v) {
      await Promise.resolve();
      const vector = tf.tensor1d(v);
      const product = operator.matvec(vector);
      try {
        return await product.data<'float32'>();
      } finally {
        tf.dispose([vector, product]);
      }
    },
  };
}

/** Operators of size n that break the contract of `multiply`, each with what a run says of it. */
export function brokenOperators(size: number): [what: string, AsyncLinearOperator, RegExp][] {
  const answers: [string, (v: Float32Array) => unknown, RegExp][] = [
    ['no promise', (v) => v, /AsyncLinearOperator\.multiply: expected a promise of/],
    ['nothing', () => undefined, /AsyncLinearOperator\.multiply: expected a promise of .* undefined/],
    ['a promise of nothing', async () => undefined, /multiply: expected a Float32Array, received undefined/],
    ['a list', async (v) => Array.from(v), /multiply: expected a Float32Array/],
    [
      'too few numbers',
      async (v) => v.slice(1),
      new RegExp(`expected ${size} numbers, received ${size - 1}`),
    ],
  ];
  return answers.map(([what, multiply, message]) => [
    what,
    { size, multiply: multiply as AsyncLinearOperator['multiply'] },
    message,
  ]);
}
