import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { grad } from 'tfjs-curvature';

/** Weight of the squared boundary values beside the mean squared residual. */
const BOUNDARY_WEIGHT = 100;

/**
 * Poisson's equation −u″ = π² sin πx on [0, 1] with u(0) = u(1) = 0, whose solution is sin πx, for a small net
 * u(x; θ): the loss is the mean of (u″ + π² sin πx)² over some points, and 100 (u(0)² + u(1)²). It holds two
 * derivatives by x, so that its gradient by θ is a third derivative (Raissi, Perdikaris and Karniadakis 2019).
 */
export interface PoissonProblem {
  readonly net: Sequential;
  readonly variables: Variable[];
  /** The loss at the present weights. */
  readonly loss: () => Scalar;
  dispose(): void;
}

/** @param points how many places of [0, 1] the equation is asked to hold at, evenly spaced */
export function poissonProblem(points: number, units: number, seed: number): PoissonProblem {
  const net = tanhNet(units, seed);
  const variables = net.trainableWeights.map((weight) => weight.read() as Variable);
  const x = tf.tidy(() => tf.reshape(tf.linspace(0, 1, points), [points, 1]));
  const source = tf.tidy(() => tf.mul(Math.PI ** 2, tf.sin(tf.mul(Math.PI, x))));
  const boundary = tf.tensor2d([0, 1], [2, 1]);
  const u = (at: tf.Tensor): tf.Tensor => net.apply(at) as tf.Tensor;
  // Each u(xᵢ) depends on its own xᵢ alone: the gradient of their sum holds the derivative at every point.
  const slope = grad(u);
  const curvature = grad(slope);
  const loss = (): Scalar =>
    tf.tidy(() => {
      const residual = tf.mean(tf.square(tf.add(curvature(x), source)));
      const atEnds = tf.sum(tf.square(u(boundary)));
      return tf.add(residual, tf.mul(BOUNDARY_WEIGHT, atEnds)) as Scalar;
    });
  return {
    net,
    variables,
    loss,
    dispose: () => {
      net.dispose();
      tf.dispose([x, source, boundary]);
    },
  };
}

/** The net's values and those of the solution at 201 points. */
export function compareWithSolution(net: Sequential): { x: number[]; u: number[]; exact: number[] } {
  const x = Array.from({ length: 201 }, (_, i) => i / 200);
  const u = tf.tidy(() => [...(net.apply(tf.tensor2d(x, [x.length, 1])) as tf.Tensor).dataSync()]);
  return { x, u, exact: x.map((at) => Math.sin(Math.PI * at)) };
}

/** ‖u − sin πx‖ ÷ ‖sin πx‖ over those points. */
export function relativeError({ u, exact }: { u: number[]; exact: number[] }): number {
  return Math.hypot(...u.map((value, i) => value - exact[i]!)) / Math.hypot(...exact);
}

function tanhNet(units: number, seed: number): Sequential {
  const dense = (size: number, i: number, activation?: 'tanh') =>
    layers.dense({
      units: size,
      activation,
      inputShape: i === 0 ? [1] : undefined,
      kernelInitializer: initializers.glorotNormal({ seed: 100 * seed + i }),
    });
  return sequential({ layers: [dense(units, 0, 'tanh'), dense(units, 1, 'tanh'), dense(1, 2)] });
}
