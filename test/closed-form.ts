import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { SplitLoss } from '../src/objectives/objective.js';

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

/** A loss of a linear model, given also as outputs and a function of them. */
export interface Regression extends ClosedForm {
  readonly split: SplitLoss;
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

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const inner = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Σ_i weights[i] x_i x_iᵀ / N, and Σ_i residuals[i] x_i / N. */
function weighted(
  x: number[][],
  weights: number[],
  residuals: number[],
): Pick<ClosedForm, 'hessian' | 'gradient'> {
  const mean = (f: (row: number[], i: number) => number): number =>
    x.reduce((sum, row, i) => sum + f(row, i), 0) / x.length;
  return {
    hessian: x[0]!.map((_, r) => x[0]!.map((_, c) => mean((row, i) => weights[i]! * row[r]! * row[c]!))),
    gradient: x[0]!.map((_, r) => mean((row, i) => residuals[i]! * row[r]!)),
  };
}

/** The linear model z = XW, W [d, c] as one variable, with a target and what it loses. */
function linearModel(
  x: number[][],
  targets: number[][],
  w: number[],
  likelihood: SplitLoss['likelihood'],
  lose: (targets: Tensor2D, z: Tensor2D) => Scalar,
): Pick<Regression, 'variable' | 'loss' | 'split' | 'dispose'> {
  const [inputs, wanted] = [tf.tensor2d(x), tf.tensor2d(targets)];
  const variable = variableOf(w);
  const outputs = (): Tensor2D =>
    tf.tidy(() => tf.matMul(inputs, tf.reshape(variable, [x[0]!.length, -1])) as Tensor2D);
  const loss = (z: Tensor): Scalar => tf.tidy(() => lose(wanted, z as Tensor2D));
  return {
    variable,
    loss: () => tf.tidy(() => loss(outputs())),
    split: { outputs, loss, likelihood: likelihood! },
    dispose: () => tf.dispose([inputs, wanted, variable]),
  };
}

/** Linear regression, L = 1/N Σ (x_iᵀw − y_i)²: Hessian 2/N XᵀX, gradient 2/N Xᵀ(Xw − y). */
export function linearRegression(x: number[][], y: number[], w: number[]): Regression {
  const residuals = x.map((row, i) => inner(row, w) - y[i]!);
  return {
    ...linearModel(
      x,
      y.map((value) => [value]),
      w,
      'gaussian',
      (targets, z) => tf.mean(tf.square(tf.sub(z, targets))),
    ),
    ...weighted(
      x,
      residuals.map(() => 2),
      residuals.map((residual) => 2 * residual),
    ),
    value: residuals.reduce((sum, residual) => sum + residual ** 2, 0) / x.length,
  };
}

/**
 * Logistic regression, L = 1/N Σ [log(1 + e^{z_i}) − y_i z_i] with z = Xw:
 * Hessian 1/N Xᵀ diag(σ(z)(1 − σ(z))) X, gradient 1/N Xᵀ(σ(z) − y).
 */
export function logisticRegression(x: number[][], y: number[], w: number[]): Regression {
  const z = x.map((row) => inner(row, w));
  const p = z.map(sigmoid);
  return {
    ...linearModel(
      x,
      y.map((value) => [value]),
      w,
      'bernoulli',
      (targets, logits) => tf.mean(tf.sub(tf.softplus(logits), tf.mul(targets, logits))),
    ),
    ...weighted(
      x,
      p.map((pi) => pi * (1 - pi)),
      p.map((pi, i) => pi - y[i]!),
    ),
    value: z.reduce((sum, zi, i) => sum + Math.log1p(Math.exp(zi)) - y[i]! * zi, 0) / x.length,
  };
}

/**
 * Softmax regression, L = 1/N Σ [log Σ_c e^{z_ic} − z_{i y_i}] with z = XW and W [d, C] row by row:
 * Hessian 1/N Σ_i x_i x_iᵀ ⊗ (diag(p_i) − p_i p_iᵀ), gradient 1/N Σ_i x_i ⊗ (p_i − y_i), p = softmax(z).
 */
export function softmaxRegression(x: number[][], classes: number[], w: number[]): Regression {
  const count = w.length / x[0]!.length;
  const oneHot = classes.map((c) => Array.from({ length: count }, (_, j) => (j === c ? 1 : 0)));
  const z = x.map((row) =>
    oneHot[0]!.map((_, c) =>
      inner(
        row,
        row.map((_, a) => w[a * count + c]!),
      ),
    ),
  );
  const sums = z.map((row) => row.reduce((sum, zc) => sum + Math.exp(zc), 0));
  const p = z.map((row, i) => row.map((zc) => Math.exp(zc) / sums[i]!));
  const mean = (f: (i: number) => number): number => x.reduce((sum, _, i) => sum + f(i), 0) / x.length;
  const place = (r: number): [feature: number, class_: number] => [Math.floor(r / count), r % count];
  return {
    ...linearModel(x, oneHot, w, 'categorical', (targets, logits) =>
      tf.mean(tf.sub(tf.logSumExp(logits, -1), tf.sum(tf.mul(targets, logits), -1))),
    ),
    hessian: w.map((_, r) =>
      w.map((_, s) => {
        const [[a, c], [b, e]] = [place(r), place(s)];
        return mean((i) => x[i]![a]! * x[i]![b]! * p[i]![c]! * ((c === e ? 1 : 0) - p[i]![e]!));
      }),
    ),
    gradient: w.map((_, r) => {
      const [a, c] = place(r);
      return mean((i) => x[i]![a]! * (p[i]![c]! - oneHot[i]![c]!));
    }),
    value: mean((i) => Math.log(sums[i]!) - z[i]![classes[i]!]!),
  };
}
