import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { grad, jvp, linearize, registerExactGradients, variableGrads } from '../src/index.js';
import { relativeError } from './golden-case.js';

interface Numbers {
  readonly shape: number[];
  readonly values: number[];
}

/** A loss that contains a derivative, with references in double precision: a file of test/golden/higher-order. */
export interface HigherOrderFile {
  readonly name: string;
  readonly params: readonly Numbers[];
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly loss: number;
  readonly gradient: number[];
  readonly v: number[];
  readonly hv: number[];
}

type Gradient = (f: (x: Tensor) => Tensor) => (x: Tensor) => Tensor;

/** Dense layers with tanh between them. */
function network(x: Tensor, params: readonly Tensor[]): Tensor {
  let y = x;
  for (let i = 0; i < params.length; i += 2) {
    y = tf.add(tf.matMul(y as Tensor2D, params[i] as Tensor2D), params[i + 1]!);
    if (i + 2 < params.length) y = tf.tanh(y);
  }
  return y;
}

const losses: Record<
  string,
  (inputs: Record<string, Tensor>, params: readonly Tensor[], gradient: Gradient) => Tensor
> = {
  // mean D(fake) − mean D(real) + 10 mean((|∂D/∂x (mid)| − 1)²)
  gradient_penalty_tanh: ({ real, fake, mid }, params, gradient) => {
    const critic = (x: Tensor): Tensor => network(x, params);
    const slope = gradient((x) => tf.sum(critic(x)))(mid!);
    const excess = tf.sub(tf.sqrt(tf.sum(tf.square(slope), 1)), 1);
    const distance = tf.sub(tf.mean(critic(fake!)), tf.mean(critic(real!)));
    return tf.add(distance, tf.mul(10, tf.mean(tf.square(excess))));
  },
  // mean((u″ + π² sin πx)²) + 100 (u(0)² + u(1)²)
  poisson_tanh: ({ x }, params, gradient) => {
    const u = (at: Tensor): Tensor => network(at, params);
    const slope = gradient((at) => tf.sum(u(at)));
    const bend = gradient((at) => tf.sum(slope(at)))(x!);
    const residual = tf.add(bend, tf.mul(Math.PI ** 2, tf.sin(tf.mul(Math.PI, x!))));
    const ends = tf.sum(tf.square(u(tf.tensor2d([[0], [1]]))));
    return tf.add(tf.mean(tf.square(residual)), tf.mul(100, ends));
  },
};

/** Relative errors of everything that can be asked of a loss that contains a derivative, in norm. */
export async function higherOrderErrors(file: HigherOrderFile): Promise<Record<string, number>> {
  const tensors = ({ shape, values }: Numbers): Tensor => tf.tensor(values, shape);
  const inputs = Object.fromEntries(Object.entries(file.inputs).map(([name, x]) => [name, tensors(x)]));
  const initial = file.params.map(tensors);
  const variables = initial.map((each) => tf.variable(each));
  const v = tf.tensor1d(file.v);
  const by = (gradient: Gradient) => (): Scalar =>
    tf.tidy(() => losses[file.name]!(inputs, variables, gradient) as Scalar);
  const ours = by(grad);

  const linearization = linearize(ours, variables);
  const named = variableGrads(ours, variables);
  const undo = registerExactGradients();
  const stock = tf.variableGrads(by(tf.grad), variables);
  undo();
  const product = linearization.hvp(v);
  const slope = slopeAlong((...params) => losses[file.name]!(inputs, params, grad), variables, v);
  const got = {
    loss: linearization.loss,
    gradient: linearization.gradient,
    hv: product,
    variableGrads: joined(variables, named.grads),
    'tf.variableGrads': joined(variables, stock.grads),
    slope,
  };
  const want: Record<keyof typeof got, number[]> = {
    loss: [file.loss],
    gradient: file.gradient,
    hv: file.hv,
    variableGrads: file.gradient,
    'tf.variableGrads': file.gradient,
    slope: [file.gradient.reduce((sum, g, i) => sum + g * file.v[i]!, 0)],
  };
  const errors: Record<string, number> = {};
  for (const [name, tensor] of Object.entries(got)) {
    errors[name] = relativeError(await tensor.data(), want[name as keyof typeof want]);
  }
  linearization.dispose();
  tf.dispose([inputs, initial, variables, v, named, stock, Object.values(got)]);
  return errors;
}

/** ⟨∇L, v⟩, by jvp of the loss as a function of its parameters. */
function slopeAlong(
  loss: (...params: Tensor[]) => Tensor,
  variables: readonly Variable[],
  v: Tensor1D,
): Tensor {
  return tf.tidy(() => {
    let offset = 0;
    const tangents = variables.map(({ size, shape }) => {
      offset += size;
      return tf.reshape(tf.slice(v, [offset - size], [size]), shape);
    });
    return jvp<readonly Tensor[]>(loss, variables, tangents)[1];
  });
}

function joined(variables: readonly Variable[], grads: Record<string, Tensor>): Tensor {
  return tf.tidy(() => tf.concat(variables.map(({ name, size }) => tf.reshape(grads[name]!, [size]))));
}
