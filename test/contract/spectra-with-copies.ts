import { SeededRandom } from '../../src/random.js';

/** [term(0), …, term(count − 1)]. */
export function sequence(count: number, term: (i: number) => number): number[] {
  return Array.from({ length: count }, (_, i) => term(i));
}

/** 1, 2, …, count. */
export function line(count: number): number[] {
  return sequence(count, (i) => i + 1);
}

/** Eigenvalues without order, spread evenly between two numbers. */
export function bulk(count: number, from: number, to: number): number[] {
  const random = new SeededRandom(5);
  return sequence(count, () => from + (to - from) * random.uniform());
}

/** Each eigenvalue several times. */
export function folds(distinct: readonly number[], times: number): number[] {
  return distinct.flatMap((x) => sequence(times, () => x));
}

/** Eigenvalues of the Laplacian on a grid of m^dimensions points with zeros around it: sums of 2 − 2 cos(iπ / (m + 1)). */
export function laplacian(m: number, dimensions: number): number[] {
  const chain = sequence(m, (i) => 2 - 2 * Math.cos((Math.PI * (i + 1)) / (m + 1)));
  if (dimensions === 1) return chain;
  return laplacian(m, dimensions - 1).flatMap((x) => chain.map((y) => x + y));
}
