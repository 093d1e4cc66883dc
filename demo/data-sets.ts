import { SeededRandom } from '../src/random.js';
import type { Settings } from './settings.js';

/** Points of the plane in two classes. */
export interface LabelledPoints {
  readonly points: [number, number][];
  readonly classes: number[];
}

/** Examples in a data set. */
export const examples = 256;

/** Position of a point by its class and by how far along its class it is, from 0 to 1. */
type Curve = (label: number, t: number) => [number, number];

const curves: Record<Settings['data'], Curve> = {
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

const noise: Record<Settings['data'], number> = { moons: 0.12, circles: 0.1, spirals: 0.06 };

/** The points of a data set: always the same ones. */
export function makePoints(name: Settings['data']): LabelledPoints {
  const random = new SeededRandom(7);
  const classes = Array.from({ length: examples }, (_, i) => i % 2);
  const points = classes.map((label, i): [number, number] => {
    const t = (i >> 1) / (examples / 2 - 1);
    const [x, y] = curves[name](label, t);
    return [x + noise[name] * random.normal(), y + noise[name] * random.normal()];
  });
  return { points, classes };
}
