import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Points of the plane in two classes that take turns: point i is of class i mod 2. */
export type PointSet = 'moons' | 'circles' | 'spirals';

/** Position of a point by its class and by how far along its class it is, from 0 to 1. */
type Curve = (label: number, t: number) => [number, number];

const curves: Record<PointSet, Curve> = {
  moons: (label, t) => {
    const [x, y] = [Math.cos(Math.PI * t), Math.sin(Math.PI * t)];
    return label === 0 ? [x - 0.5, y - 0.25] : [0.5 - x, 0.25 - y];
  },
  circles: (label, t) => {
    const radius = label === 0 ? 0.5 : 1.2;
    return [radius * Math.cos(2 * Math.PI * t), radius * Math.sin(2 * Math.PI * t)];
  },
  spirals: (label, t) => {
    const angle = 1.5 * Math.PI * t + Math.PI * label;
    const radius = 0.2 + 1.2 * t;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
};

/** Standard deviation of the points around their curves. */
const noise: Record<PointSet, number> = { moons: 0.12, circles: 0.1, spirals: 0.06 };

/** `count` points [count, 2] of a set: always the same ones. */
export function makePoints(name: PointSet, count: number): Tensor2D {
  const points = Array.from({ length: count }, (_, i) => curves[name](i % 2, (i >> 1) / (count / 2 - 1)));
  return tf.tidy(() =>
    tf.add(tf.tensor2d(points), tf.randomNormal([count, 2], 0, noise[name], 'float32', 7)),
  );
}
