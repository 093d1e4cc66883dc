import { readOptions } from '../options.js';
import type { ChartOptions, SpecPart, VegaSpec } from './chart.js';
import { chartSchema, frameOf, vegaSpecOf, withOmissions } from './chart.js';
import type { LossSurfaceRecord } from './records.js';
import type { DrawableSurface } from './surface.js';
import { drawable, heightColours } from './surface.js';

/** Levels of the contours: enough to see the shape of a valley, few enough to count. */
const LEVELS = 12;

/**
 * The loss on a plane as contours, from above; on logarithmic levels where it is positive and spans more than 20 times
 * its lowest value. Marks are the points that the plane was laid through.
 *
 * @param surface what `lossSurface` returns
 * @param options see {@link ChartOptions}
 * @returns a specification of Vega itself, since Vega-Lite has no contours; `toSvg` and `toPng` draw it
 * @throws CurvatureArgumentError for losses that do not fit the coordinates, or nothing finite
 *
 * @example
 * const surface = await lossSurface({ model, data: { xs, ys } }, { plane: 'eigenvectors', extent: 1, steps: 11 });
 * const svg = await toSvg(contourChart(surface));
 */
export function contourChart(surface: LossSurfaceRecord, options: ChartOptions = {}): VegaSpec {
  const where = 'contourChart';
  const frame = frameOf(readOptions(options, chartSchema('Loss on a plane', 420, 420), where));
  const shape = drawable(surface, where);
  const { width, height, palette } = frame;
  const { xs, ys, titles, points } = shape;
  const colours = heightColours(shape);
  return vegaSpecOf(withOmissions(frame, shape.omitted), {
    width,
    height,
    data: [
      { name: 'grid', values: [gridOf(shape)] },
      {
        name: 'contours',
        source: 'grid',
        transform: [
          {
            type: 'isocontour',
            thresholds: levelsOf(shape),
            // The value of a cell lies at its middle; the outermost cells reach beyond the frame by a half.
            scale: { signal: `[width / ${xs.length - 1}, height / ${ys.length - 1}]` },
            translate: { signal: `[-width / ${xs.length - 1} / 2, -height / ${ys.length - 1} / 2]` },
          },
        ],
      },
      { name: 'points', values: [...points] },
    ],
    scales: [
      positions('x', [xs[0]!, xs.at(-1)!], 'width'),
      positions('y', [ys[0]!, ys.at(-1)!], 'height'),
      ...(colours.scales as SpecPart[]),
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: titles.x },
      { scale: 'y', orient: 'left', title: titles.y },
    ],
    legends: colours.legends,
    marks: [
      {
        type: 'group',
        clip: true,
        encode: { enter: { width: { signal: 'width' }, height: { signal: 'height' } } },
        marks: [
          {
            type: 'path',
            from: { data: 'contours' },
            encode: {
              enter: {
                fill: { scale: 'height', field: 'contour.value' },
                stroke: { value: palette.background },
                strokeOpacity: { value: 0.5 },
              },
            },
            transform: [{ type: 'geopath', field: 'datum.contour' }],
          },
        ],
      },
      {
        type: 'symbol',
        from: { data: 'points' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'x' },
            y: { scale: 'y', field: 'y' },
            shape: { value: 'cross' },
            size: { value: 90 },
            fill: { value: palette.worse },
            stroke: { value: palette.background },
          },
        },
      },
    ],
  });
}

function positions(name: string, domain: readonly number[], range: string): SpecPart {
  return { name, type: 'linear', domain, range, zero: false, nice: false };
}

/** Row by row from the top, as Vega counts pixels. */
function gridOf({ xs, ys, heights }: DrawableSurface): SpecPart {
  return { width: xs.length, height: ys.length, values: [...heights].reverse().flat() };
}

/** Equally spaced, the first under all heights so that the whole frame is filled. */
function levelsOf({ range: [low, high] }: DrawableSurface): number[] {
  const step = (high - low) / LEVELS;
  return Array.from({ length: LEVELS }, (_, i) => low + i * step);
}
