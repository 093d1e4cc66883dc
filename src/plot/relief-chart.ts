import { readOptions } from '../options.js';
import type { ChartOptions, SpecPart, VegaSpec } from './chart.js';
import { chartSchema, frameOf, vegaSpecOf, withOmissions } from './chart.js';
import type { LossSurfaceRecord } from './records.js';
import type { DrawableSurface } from './surface.js';
import { drawable, heightColours } from './surface.js';

/** From where it is seen: turned around the vertical, and looked down on, in radians. */
const TURN = Math.PI / 6;
const TILT = Math.PI / 6;

/** Height of the surface in sides of its base. */
const STRETCH = 0.55;

/**
 * The loss on a plane as a surface in three dimensions, seen from above at an angle, without perspective; on a
 * logarithmic height where it is positive and spans more than 20 times its lowest value.
 *
 * @param surface what `lossSurface` returns
 * @param options see {@link ChartOptions}
 * @returns a specification of Vega itself; `toSvg` and `toPng` draw it
 * @throws CurvatureArgumentError for losses that do not fit the coordinates, or nothing finite
 *
 * @example
 * const surface = await lossSurface({ model, data: { xs, ys } }, { plane: 'random', extent: 1, steps: 11 });
 * const svg = await toSvg(reliefChart(surface));
 */
export function reliefChart(surface: LossSurfaceRecord, options: ChartOptions = {}): VegaSpec {
  const where = 'reliefChart';
  const frame = frameOf(readOptions(options, chartSchema('Loss on a plane', 560, 420), where));
  const shape = drawable(surface, where);
  const { palette } = frame;
  const view = new View(frame, shape);
  const edge = { stroke: { value: palette.subtle }, fill: { value: null } };
  return vegaSpecOf(withOmissions(frame, shape.omitted), {
    width: frame.width,
    height: frame.height,
    data: [
      { name: 'facets', values: view.facets() },
      { name: 'edges', values: view.edges() },
      { name: 'labels', values: view.labels() },
    ],
    ...heightColours(shape),
    marks: [
      pathsOf('edges', edge),
      pathsOf('facets', {
        fill: { scale: 'height', field: 'height' },
        stroke: { scale: 'height', field: 'height' },
        strokeWidth: { value: 0.5 },
      }),
      {
        type: 'text',
        from: { data: 'labels' },
        encode: {
          enter: {
            x: { field: 'x' },
            y: { field: 'y' },
            text: { field: 'text' },
            align: { field: 'align' },
            fill: { value: palette.text },
            fontSize: { value: 12 },
          },
        },
      },
    ],
  });
}

function pathsOf(data: string, enter: SpecPart): SpecPart {
  return { type: 'path', from: { data }, encode: { enter: { path: { field: 'path' }, ...enter } } };
}

/** A point of space: x and y from −½ to ½ on the base, z from 0 up. */
type Point = readonly [x: number, y: number, z: number];

/** Where on the picture points of the surface lie. */
class View {
  private readonly side: number;

  constructor(
    private readonly frame: { readonly width: number; readonly height: number },
    private readonly shape: DrawableSurface,
  ) {
    // The base is as wide as its diagonal when it stands on a corner.
    const wide = Math.cos(TURN) + Math.sin(TURN);
    const high = wide * Math.sin(TILT) + STRETCH * Math.cos(TILT);
    this.side = Math.min(frame.width / wide, (frame.height - 30) / high);
  }

  /** The cells of the grid, the farthest first, each with the mean height of its corners. */
  facets(): SpecPart[] {
    const { xs, ys, heights } = this.shape;
    const cells = ys.slice(1).flatMap((_, j) => xs.slice(1).map((_x, i) => [i, j] as const));
    return cells
      .map(([i, j]) => {
        const corners = [
          [i, j],
          [i + 1, j],
          [i + 1, j + 1],
          [i, j + 1],
        ].map(([a, b]) => this.corner(a!, b!));
        const height = [heights[j]![i]!, heights[j]![i + 1]!, heights[j + 1]![i]!, heights[j + 1]![i + 1]!];
        return {
          path: this.path(corners),
          height: height.reduce((sum, one) => sum + one, 0) / 4,
          depth: depthOf(corners[0]!),
        };
      })
      .sort((a, b) => b.depth - a.depth);
  }

  /** The rectangle that the surface stands over. */
  edges(): SpecPart[] {
    const base: Point[] = [
      [-0.5, -0.5, 0],
      [0.5, -0.5, 0],
      [0.5, 0.5, 0],
      [-0.5, 0.5, 0],
    ];
    return [{ path: this.path(base) }];
  }

  /** The names of the axes, along the two sides in front. */
  labels(): SpecPart[] {
    const { titles } = this.shape;
    const at = (point: Point, text: string, align: string): SpecPart => {
      const [x, y] = this.pixel(point);
      return { x, y: y + 18, text, align };
    };
    return [at([0, -0.5, 0], titles.x, 'left'), at([-0.5, 0, 0], titles.y, 'right')];
  }

  private corner(i: number, j: number): Point {
    const { xs, ys, heights, range } = this.shape;
    const [low, high] = range;
    const z = high > low ? (heights[j]![i]! - low) / (high - low) : 0;
    return [i / (xs.length - 1) - 0.5, j / (ys.length - 1) - 0.5, STRETCH * z];
  }

  private path(points: readonly Point[]): string {
    const at = points.map((point) =>
      this.pixel(point)
        .map((pixel) => pixel.toFixed(2))
        .join(','),
    );
    return `M${at.join('L')}Z`;
  }

  private pixel([x, y, z]: Point): readonly [number, number] {
    const across = x * Math.cos(TURN) - y * Math.sin(TURN);
    const up = depthOf([x, y, z]) * Math.sin(TILT) + z * Math.cos(TILT);
    const { width, height } = this.frame;
    const middle = height / 2 + (this.side * STRETCH * Math.cos(TILT)) / 2 - 12;
    return [width / 2 + this.side * across, middle - this.side * up];
  }
}

/** How far back a point lies. */
function depthOf([x, y]: Point): number {
  return x * Math.sin(TURN) + y * Math.cos(TURN);
}
