import type { Scalar, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A variable with the given values, and no tensor beside it. */
export function variableOf(values: number | number[], dtype: 'float32' | 'int32' = 'float32'): Variable {
  const initial = tf.tensor(values, undefined, dtype);
  const variable = tf.variable(initial);
  initial.dispose();
  return variable;
}

/** A loss whose Hessian is known in closed form. */
export interface ClosedForm {
  readonly variable: Variable;
  readonly loss: () => Scalar;
  /** The Hessian, row by row, in double precision. */
  readonly hessian: number[][];
  /** The gradient, in double precision. */
  readonly gradient: number[];
  readonly value: number;
  dispose(): void;
}

/** L = ½ wᵀAw + bᵀw: Hessian A (symmetric), gradient Aw + b. */
export function quadratic(a: number[][], b: number[], w: number[]): ClosedForm {
  const matrix: Tensor2D = tf.tensor2d(a);
  const linear: Tensor1D = tf.tensor1d(b);
  const variable = variableOf(w);
  const aw = a.map((row) => row.reduce((sum, x, j) => sum + x * w[j]!, 0));
  return {
    variable,
    loss: () =>
      tf.tidy(() => {
        const column = tf.reshape(variable, [w.length, 1]);
        const product = tf.reshape(tf.matMul(matrix, column), [w.length]);
        return tf.add(tf.mul(tf.sum(tf.mul(variable, product)), 0.5), tf.sum(tf.mul(linear, variable)));
      }),
    hessian: a,
    gradient: aw.map((x, i) => x + b[i]!),
    value: w.reduce((sum, x, i) => sum + x * (0.5 * aw[i]! + b[i]!), 0),
    dispose: () => tf.dispose([matrix, linear, variable]),
  };
}

/**
 * Logistic regression, L = 1/N Σ [log(1 + e^{z_i}) − y_i z_i] with z = Xw:
 * Hessian 1/N Xᵀ diag(σ(z)(1 − σ(z))) X, gradient 1/N Xᵀ(σ(z) − y).
 */
export function logisticRegression(x: number[][], y: number[], w: number[]): ClosedForm {
  const inputs = tf.tensor2d(x);
  const targets = tf.tensor1d(y);
  const variable = variableOf(w);
  const n = w.length;
  const z = x.map((row) => row.reduce((sum, xi, j) => sum + xi * w[j]!, 0));
  const p = z.map((zi) => 1 / (1 + Math.exp(-zi)));
  const mean = (f: (i: number) => number): number => x.reduce((sum, _, i) => sum + f(i), 0) / x.length;
  const indices = Array.from({ length: n }, (_, i) => i);
  return {
    variable,
    loss: () =>
      tf.tidy(() => {
        const logits = tf.reshape(tf.matMul(inputs, tf.reshape(variable, [n, 1])), [x.length]);
        return tf.mean(tf.sub(tf.softplus(logits), tf.mul(targets, logits)));
      }),
    hessian: indices.map((r) => indices.map((c) => mean((i) => p[i]! * (1 - p[i]!) * x[i]![r]! * x[i]![c]!))),
    gradient: indices.map((r) => mean((i) => (p[i]! - y[i]!) * x[i]![r]!)),
    value: mean((i) => Math.log1p(Math.exp(z[i]!)) - y[i]! * z[i]!),
    dispose: () => tf.dispose([inputs, targets, variable]),
  };
}
