import type { Drawing, Line } from './charts.js';
import { colours } from './history.js';
import type { MeasuredCurve } from './records.js';

/** Points that densities of several runs are drawn at. */
const gridSize = 400;

/** Densities below this are the tails of the Gaussians they are smoothed with: nothing is there. */
const leastDensity = 1e-4;

/** The densities of all runs, each measured on a grid of its own, over one grid. */
export function densityDrawing(curves: readonly MeasuredCurve[]): Drawing {
  const all = curves.flatMap(({ xs }) => xs);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const xs = Array.from({ length: gridSize }, (_, i) => low + ((high - low) * i) / (gridSize - 1));
  const lines = curves.map((curve) => ({
    label: curve.run,
    colour: colours[curve.run],
    hasGaps: true,
    values: xs.map((x) => {
      const value = interpolate(curve, x);
      return value >= leastDensity ? value : null;
    }),
  }));
  return { xs, lines };
}

/** The losses along e₁, with the part that a step of SGD covers. All runs are measured at the same offsets. */
export function sectionDrawing(curves: readonly MeasuredCurve[]): Drawing {
  const { xs, ys } = curves[0]!;
  const lines: Line[] = curves.map((curve) => ({
    label: curve.run,
    colour: colours[curve.run],
    values: curve.ys,
  }));
  lines.push({
    label: 'one step of SGD',
    colour: 'step',
    hasEnds: true,
    values: xs.map((x, i) => (Math.abs(x) <= 1 ? ys[i]! : null)),
  });
  return { xs, lines };
}

/** Linear between the points of a curve with ascending xs; 0 outside. */
function interpolate({ xs, ys }: MeasuredCurve, x: number): number {
  const right = xs.findIndex((value) => value >= x);
  if (right < 0 || (right === 0 && xs[0] !== x)) return 0;
  if (right === 0) return ys[0]!;
  const share = (x - xs[right - 1]!) / (xs[right]! - xs[right - 1]!);
  return ys[right - 1]! + share * (ys[right]! - ys[right - 1]!);
}
