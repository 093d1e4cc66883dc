import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { linearize } from '../../../../src/autodiff/linearize.js';
import { useBackend } from '../../../wasm-backend.js';
import type { InputSpec, OpCase } from './op-case.js';

/** What the reference and our derivatives are compared on: all plain numbers. */
export interface Derivatives {
  loss: number;
  gradient: Float64Array;
  product: Float64Array;
}

/** mulberry32: a small generator so that every case has the same numbers on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A case with its numbers drawn: inputs, a direction, and the weights that make the op's output a loss. */
export class OpProblem {
  readonly point: Float64Array;
  readonly direction: Float64Array;
  private readonly random = seeded(7);

  constructor(private readonly opCase: OpCase) {
    this.point = Float64Array.from(opCase.inputs.flatMap((spec) => this.draw(spec)));
    this.direction = this.point.map(() => this.random() * 2 - 1);
  }

  private draw({ shape, values }: InputSpec): number[] {
    const n = tf.util.sizeFromShape(shape);
    return Array.from({ length: n }, (_, i) => values(i, n, this.random));
  }

  private variables(at: Float64Array): Variable[] {
    let offset = 0;
    return this.opCase.inputs.map(({ shape }) => {
      const n = tf.util.sizeFromShape(shape);
      const values = Float32Array.from(at.subarray(offset, offset + n));
      offset += n;
      const initial = tf.tensor(values, shape);
      const variable = tf.variable(initial, true);
      initial.dispose();
      return variable;
    });
  }

  /** Σ w y + ½ u y²: curved, so that the second derivative needs the op's adjoint as well as its own curvature. */
  private loss(inputs: Tensor[], op: OpCase['op']): Scalar {
    const y = op(...inputs);
    const random = seeded(11);
    const weight = (): Tensor =>
      tf.tensor(
        Float32Array.from({ length: y.size }, () => random() + 0.5),
        y.shape,
      );
    const [w, u] = [weight(), weight()];
    const curved = tf.mul(tf.mul(u, 0.5), tf.mul(y, y));
    return tf.sum(tf.add(tf.mul(w, y), curved)) as Scalar;
  }

  /** Loss, gradient and product with the direction at point + t·direction on the present backend. */
  derivatives(t = 0): Derivatives {
    const at = this.point.map((x, i) => x + t * this.direction[i]!);
    const variables = this.variables(at);
    const linearization = linearize(() => this.loss(variables, this.opCase.op), variables);
    const v = tf.tensor1d(Float32Array.from(this.direction));
    const product = linearization.hvp(v);
    const result = {
      loss: linearization.loss.dataSync()[0]!,
      gradient: Float64Array.from(linearization.gradient.dataSync()),
      product: Float64Array.from(product.dataSync()),
    };
    linearization.dispose();
    tf.dispose([v, product, variables]);
    return result;
  }

  /** The loss alone, at a point moved by `step` along `direction`. */
  lossAt(direction: Float64Array, step: number): number {
    const variables = this.variables(this.point.map((x, i) => x + step * direction[i]!));
    const loss = tf.tidy(() => this.loss(variables, this.opCase.truth ?? this.opCase.op));
    const value = loss.dataSync()[0]!;
    tf.dispose([loss, variables]);
    return value;
  }

  /** A further direction, to take slopes of the loss along. */
  anotherDirection(): Float64Array {
    return this.point.map(() => this.random() * 2 - 1);
  }
}

/**
 * The fourth-order central difference of f at 0: error h⁴ f⁗′/30 plus rounding ε/h. With h = 0.05 both are below
 * 1e-4 of functions of moderate size in float32.
 */
export function centralDifference(f: (t: number) => number, h = 0.05): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/** Derivatives of a case by differences on the cpu backend, in float64 around float32 values. */
export interface Reference {
  /** Directions and the slope of the loss along each. */
  slopes: { direction: Float64Array; slope: number }[];
  /** The change of our cpu gradient along the direction, which stands for the product. */
  product: Float64Array;
}

export async function referenceOf(problem: OpProblem): Promise<Reference> {
  await useBackend('cpu');
  const slopes = [0, 1, 2].map(() => {
    const direction = problem.anotherDirection();
    return { direction, slope: centralDifference((t) => problem.lossAt(direction, t)) };
  });
  const gradients = new Map([0.05, -0.05, 0.1, -0.1].map((t) => [t, problem.derivatives(t).gradient]));
  const product = problem.point.map((_, i) => centralDifference((t) => gradients.get(t)![i]!));
  return { slopes, product };
}
