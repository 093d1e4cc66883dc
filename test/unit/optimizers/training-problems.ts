import * as tf from '@tensorflow/tfjs-core';
import { SeededRandom } from '../../../src/random.js';
import type { Vector } from './reference-nsgd.js';

/** A loss known twice: as a tfjs function of variables, and as a gradient in double precision. */
export interface TrainingProblem {
  readonly start: Vector;
  readonly shapes: readonly number[][];
  gradient(theta: Vector): Vector;
  loss(variables: readonly tf.Variable[]): tf.Scalar;
}

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** The variables of a problem at its start, to be disposed by the caller. */
export function makeVariables({ start, shapes }: TrainingProblem): tf.Variable[] {
  let from = 0;
  return shapes.map((shape) => {
    const values = start.slice(from, from + size(shape));
    from += values.length;
    return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
  });
}

/** The values of some variables as one list of numbers. */
export function readAll(variables: readonly tf.Tensor[]): number[] {
  return variables.flatMap((variable) => Array.from(variable.dataSync()));
}

/** Orthonormal rows from a seed, in double precision (modified Gram–Schmidt, twice). */
export function randomRows(count: number, n: number, seed: number): number[][] {
  const random = new SeededRandom(seed);
  const rows: number[][] = [];
  while (rows.length < count) {
    let row = Array.from({ length: n }, () => random.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const e of rows) {
        const along = row.reduce((sum, x, i) => sum + x * e[i]!, 0);
        row = row.map((x, i) => x - along * e[i]!);
      }
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((x) => x / norm));
  }
  return rows;
}

/** L(θ) = ½ Σ_i λ_i ⟨θ, e_i⟩² over two variables, with the eigenvectors it was made from. */
export function quadratic(eigenvalues: Vector, seed = 1): TrainingProblem & { eigenvectors: number[][] } {
  const n = eigenvalues.length;
  const eigenvectors = randomRows(n, n, seed);
  const matrix = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) =>
      eigenvalues.reduce((sum, lambda, l) => sum + lambda * eigenvectors[l]![i]! * eigenvectors[l]![j]!, 0),
    ),
  );
  const random = new SeededRandom(seed + 100);
  return {
    eigenvectors,
    start: Array.from({ length: n }, () => random.normal()),
    shapes: [[2, 2], [n - 4]],
    gradient: (theta) => matrix.map((row) => row.reduce((sum, a, j) => sum + a * theta[j]!, 0)),
    loss: (variables) =>
      tf.tidy(() => {
        const x = tf.reshape(tf.concat(variables.map((variable) => tf.reshape(variable, [-1]))), [n, 1]);
        return tf.mul(0.5, tf.sum(tf.mul(x, tf.matMul(tf.tensor2d(matrix), x)))) as tf.Scalar;
      }),
  };
}

/** A network x → tanh(xW + b) → · U + c with mean squared error, differentiated by hand. */
export function smallNet(seed = 5): TrainingProblem {
  const [inputs, hidden, outputs, examples] = [3, 4, 2, 8];
  const random = new SeededRandom(seed);
  const table = (rows: number, columns: number): number[][] =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(random.normal())));
  const xs = table(examples, inputs);
  const ys = table(examples, outputs);
  const shapes = [[inputs, hidden], [hidden], [hidden, outputs], [outputs]];
  const start = table(1, inputs * hidden + hidden + hidden * outputs + outputs)[0]!.map((x) => 0.5 * x);
  return {
    start,
    shapes,
    gradient: (theta) => {
      const w = (i: number, j: number): number => i * hidden + j;
      const b = (j: number): number => inputs * hidden + j;
      const u = (j: number, k: number): number => inputs * hidden + hidden + j * outputs + k;
      const c = (k: number): number => inputs * hidden + hidden + hidden * outputs + k;
      const g = theta.map(() => 0);
      for (const [example, x] of xs.entries()) {
        const h = Array.from({ length: hidden }, (_, j) =>
          Math.tanh(x.reduce((sum, value, i) => sum + value * theta[w(i, j)]!, theta[b(j)]!)),
        );
        const delta = Array.from({ length: outputs }, (_, k) => {
          const y = h.reduce((sum, value, j) => sum + value * theta[u(j, k)]!, theta[c(k)]!);
          return (2 * (y - ys[example]![k]!)) / (examples * outputs);
        });
        for (let j = 0; j < hidden; j++) {
          const back = (1 - h[j]! ** 2) * delta.reduce((sum, d, k) => sum + d * theta[u(j, k)]!, 0);
          g[b(j)]! += back;
          for (let i = 0; i < inputs; i++) g[w(i, j)]! += back * x[i]!;
          for (let k = 0; k < outputs; k++) g[u(j, k)]! += h[j]! * delta[k]!;
        }
        delta.forEach((d, k) => (g[c(k)]! += d));
      }
      return g;
    },
    loss: ([w, b, u, c]) =>
      tf.tidy(() => {
        const h = tf.tanh(tf.add(tf.matMul(tf.tensor2d(xs), w as tf.Tensor as tf.Tensor2D), b!));
        const y = tf.add(tf.matMul(h as tf.Tensor2D, u as tf.Tensor as tf.Tensor2D), c!);
        return tf.mean(tf.squaredDifference(y, tf.tensor2d(ys))) as tf.Scalar;
      }),
  };
}
