import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Radius of the circle on which the modes lie, and their standard deviation. */
const RADIUS = 2;
const DEVIATION = 0.1;

/** The centres of the eight Gaussians. */
export const modes: readonly (readonly [x: number, y: number])[] = Array.from({ length: 8 }, (_, i) => {
  const angle = (Math.PI * i) / 4;
  return [RADIUS * Math.cos(angle), RADIUS * Math.sin(angle)] as const;
});

/** Random tensors that repeat from a seed: each draw has a seed of its own, counted on from the first. */
export class SeededSampler {
  private next: number;

  constructor(seed: number) {
    this.next = 10_000 * seed;
  }

  normal(shape: [number, number]): Tensor2D {
    return tf.randomNormal(shape, 0, 1, 'float32', this.next++) as Tensor2D;
  }

  uniform(shape: [number, number]): Tensor2D {
    return tf.randomUniform(shape, 0, 1, 'float32', this.next++) as Tensor2D;
  }
}

/** Points of the eight Gaussians, each mode with the same chance. */
export function eightGaussians(sampler: SeededSampler, count: number): Tensor2D {
  return tf.tidy(() => {
    const centres = tf.tensor2d(modes.map(([x, y]) => [x, y]));
    const which = tf.cast(tf.floor(tf.mul(modes.length, sampler.uniform([count, 1]))), 'int32');
    const chosen = tf.gather(centres, tf.reshape(which, [count]) as tf.Tensor1D);
    return tf.add(chosen, tf.mul(DEVIATION, sampler.normal([count, 2]))) as Tensor2D;
  });
}

/** Mean distance of points from the nearest mode. */
export function distanceToModes(points: readonly (readonly number[])[]): number {
  const distances = points.map(([x, y]) =>
    Math.min(...modes.map(([mx, my]) => Math.hypot(x! - mx, y! - my))),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / points.length;
}

/** How many of the modes have a point within three standard deviations. */
export function modesReached(points: readonly (readonly number[])[]): number {
  return modes.filter(([mx, my]) => points.some(([x, y]) => Math.hypot(x! - mx, y! - my) <= 3 * DEVIATION))
    .length;
}
