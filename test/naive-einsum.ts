import * as tf from '@tensorflow/tfjs-core';
import { valueAndGrads } from '../src/index.js';

/** Sizes of the subscripts: all differ, so that a swap of axes shows. */
const sizes: Readonly<Record<string, number>> = { i: 2, j: 3, k: 1, l: 4 };

interface Factor {
  readonly term: string;
  readonly values: ArrayLike<number>;
}

const shapeOf = (term: string): number[] => [...term].map((label) => sizes[label]!);
const sizeOf = (term: string): number => tf.util.sizeFromShape(shapeOf(term));

/** Σ of the products of entries over all values of all subscripts, by the definition, in double precision. */
function contract(factors: readonly Factor[], result: string): Float64Array {
  const labels = [...new Set(factors.map(({ term }) => term).join('') + result)];
  const out = new Float64Array(sizeOf(result));
  for (let cell = 0; cell < sizeOf(labels.join('')); cell++) {
    let rest = cell;
    const at = new Map<string, number>();
    for (const label of labels) {
      at.set(label, rest % sizes[label]!);
      rest = Math.floor(rest / sizes[label]!);
    }
    const place = (term: string): number =>
      [...term].reduce((offset, label) => offset * sizes[label]! + at.get(label)!, 0);
    out[place(result)]! += factors.reduce((product, { term, values }) => product * values[place(term)]!, 1);
  }
  return out;
}

const numbers = (term: string, offset: number): Float32Array =>
  Float32Array.from({ length: sizeOf(term) }, (_, i) => 0.3 + Math.sin(1.7 * i + offset));

/**
 * How far the value of an equation, summed with weights, and its derivatives are from the definition: the largest
 * error relative to the largest number.
 */
export function einsumError(equation: string): number {
  const [left, result] = equation.replace(/\s/g, '').split('->') as [string, string];
  const operands = left.split(',').map((term, i) => ({ term, values: numbers(term, i) }));
  const weights = { term: result, values: numbers(result, 9) };
  const given = tf.tidy(() => {
    const xs = operands.map(({ term, values }) => tf.tensor(values, shapeOf(term)));
    const w = tf.tensor(weights.values, shapeOf(result));
    const loss = (...inputs: tf.Tensor[]): tf.Tensor => tf.sum(tf.mul(tf.einsum(equation, ...inputs), w));
    const answer = valueAndGrads(loss)(xs);
    return [answer.value, ...answer.grads].map((x) => x.dataSync());
  });
  const truth = [
    contract([weights, ...operands], ''),
    ...operands.map(({ term }, i) => contract([weights, ...operands.filter((_, j) => j !== i)], term)),
  ];
  const errors = truth.map((right, i) => {
    const scale = Math.max(...right.map(Math.abs));
    return Math.max(...right.map((x, j) => Math.abs(given[i]![j]! - x))) / scale;
  });
  return Math.max(...errors);
}

/** Equations of one or two operands with up to three subscripts each, by a small generator of fixed seed. */
export function randomEquations(count: number): string[] {
  let state = 5;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const some = (labels: readonly string[]): string => {
    const left = [...labels];
    const length = below(Math.min(3, left.length) + 1);
    return Array.from({ length }, () => left.splice(below(left.length), 1)[0]!).join('');
  };
  return Array.from({ length: count }, () => {
    const terms = Array.from({ length: below(4) > 0 ? 2 : 1 }, () => some(Object.keys(sizes)));
    return `${terms.join(',')}->${some([...new Set(terms.join(''))])}`;
  });
}
