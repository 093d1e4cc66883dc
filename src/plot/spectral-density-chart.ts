import { areNumbers, requireArgument } from '../errors.js';
import type { Schema } from '../options.js';
import { byDefault, check, number, readOptions, requireIs } from '../options.js';
import type { ChartOptions, SpecPart, VegaLiteSpec } from './chart.js';
import { chartSchema, frameOf, requireRows, specOf } from './chart.js';
import { logAxis } from './log-axis.js';
import type { SpectralDensityRecord } from './records.js';
import { isDrawable, requireRecord } from './require-records.js';

/** What the chart of a spectral density can be told besides. */
export interface SpectralDensityChartOptions extends ChartOptions {
  /** Eigenvalues known one by one, marked on the axis: an outlier is one eigenvalue of many, and low in a density. */
  readonly eigenvalues?: ArrayLike<number>;
  /** Lowest density drawn. Default: 10⁻⁶ of the highest, below which an estimate is noise. */
  readonly floor?: number;
}

const schema = {
  ...chartSchema('Spectral density of the Hessian', 640, 340),
  eigenvalues: byDefault(check<ArrayLike<number>>('{name}, a list of numbers', areNumbers), []),
  floor: number({ above: 0 }),
} satisfies Schema<SpectralDensityChartOptions>;

const DEFAULT_FLOOR = 1e-6;

/**
 * The density of a Hessian's spectrum, on a logarithmic axis; a density on the scale 'log' over log₁₀(|λ| + epsilon).
 *
 * @param record what `spectralDensity` returns
 * @param options see {@link SpectralDensityChartOptions}
 * @returns a specification that `toSvg` and `toPng` draw, or any Vega-Lite renderer
 * @throws CurvatureArgumentError for a grid and a density of different lengths, without a positive density, or for a
 *   floor that is not positive
 *
 * @example
 * const hessian = new HessianOperator(modelObjective(model, { xs, ys }));
 * const density = await spectralDensity(hessian, { numProbes: 2 });
 * const { eigenvalues } = await lanczos(hessian, { k: 3 });
 * const svg = await toSvg(spectralDensityChart(density, { eigenvalues }));
 */
export function spectralDensityChart(
  record: SpectralDensityRecord,
  options: SpectralDensityChartOptions = {},
): VegaLiteSpec {
  const where = 'spectralDensityChart';
  const { eigenvalues, floor: asked, ...chart } = readOptions(options, schema, where);
  const frame = frameOf(chart);
  requireRecord(record, { grid: 'numbers', density: 'numbers' }, where);
  const { grid, density, scale = 'linear', epsilon = 0 } = record;
  requireArgument(scale === 'linear' || scale === 'log', where, "scale 'linear' or 'log'", scale);
  requireArgument(
    grid.length === density.length,
    where,
    `a density at each of the ${grid.length} points of the grid`,
    density.length,
  );
  const highest = Array.from(density).reduce(
    (most, value) => (isDrawable(value) && value > most ? value : most),
    0,
  );
  const floor = asked ?? DEFAULT_FLOOR * highest;
  if (highest > 0) requireIs(floor, number({ above: 0, below: highest }), 'floor', where);
  const values = Array.from(grid, (eigenvalue, i) => ({ eigenvalue, density: density[i]! }))
    .filter((point) => isDrawable(point.density) && isDrawable(point.eigenvalue))
    // What lies below the floor stands on it, so that the curve comes down where the density does.
    .map((point) => ({ ...point, density: Math.max(point.density, floor) }));
  requireRows(highest > 0 ? values : [], where, 'a density with at least one positive value');

  const { palette } = frame;
  const color = palette.series[0]!;
  const y = {
    field: 'density',
    type: 'quantitative',
    title: scale === 'log' ? 'density (share per decade)' : 'density (share per unit of eigenvalue)',
    ...logAxis(floor, 2 * highest),
  };
  const x = {
    field: 'eigenvalue',
    type: 'quantitative',
    title: scale === 'log' ? logTitle(epsilon) : 'eigenvalue λ of the Hessian',
    ...(scale === 'log' && { scale: { zero: false } }),
  };
  const layer: SpecPart[] = [
    {
      data: { values },
      mark: { type: 'area', color, opacity: 0.25, clip: true },
      encoding: { x, y, y2: { datum: floor } },
    },
    { data: { values }, mark: { type: 'line', color, strokeWidth: 1.5, clip: true }, encoding: { x, y } },
  ];
  if (eigenvalues.length > 0) {
    layer.push({
      data: {
        values: placesOf(eigenvalues, scale, epsilon).map((eigenvalue) => ({
          eigenvalue,
          name: 'eigenvalue',
        })),
      },
      mark: { type: 'point', shape: 'triangle-down', filled: true, opacity: 1, size: 70 },
      encoding: {
        x,
        y: { value: frame.height - 6 },
        color: {
          field: 'name',
          type: 'nominal',
          scale: { domain: ['eigenvalue'], range: [palette.series[1]] },
          legend: {},
        },
      },
    });
  }
  return specOf(frame, { width: frame.width, height: frame.height, layer });
}

/** Where eigenvalues stand on the axis; those that stand nowhere are left out. */
function placesOf(eigenvalues: ArrayLike<number>, scale: 'linear' | 'log', epsilon: number): number[] {
  const place = (value: number): number => (scale === 'log' ? Math.log10(Math.abs(value) + epsilon) : value);
  return Array.from(eigenvalues, place).filter(Number.isFinite);
}

function logTitle(epsilon: number): string {
  return epsilon > 0 ? `log₁₀(|λ| + ${epsilon}) of the Hessian` : 'log₁₀ |λ| of the Hessian';
}
