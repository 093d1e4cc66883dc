import type { ClassStructure } from 'tfjs-curvature';
import type { VegaLiteSpec } from 'tfjs-curvature/plot';

/** A prediction with its standard deviation. */
export interface Band {
  readonly x: number;
  readonly mean: number;
  readonly deviation: number;
}

/** Points, a curve through them, and two standard deviations around it. */
export function bandChart(
  points: readonly { readonly x: number; readonly y: number }[],
  band: readonly Band[],
  subtitle: string,
): VegaLiteSpec {
  const values = band.map(({ x, mean, deviation }) => ({
    x,
    mean,
    low: mean - 2 * deviation,
    high: mean + 2 * deviation,
  }));
  const x = { field: 'x', type: 'quantitative', title: 'x' };
  const y = { field: 'mean', type: 'quantitative', title: 'y' };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 20,
    title: { text: 'A fit, and two standard deviations around it', subtitle },
    width: 560,
    height: 280,
    layer: [
      {
        data: { values },
        mark: { type: 'area', color: '#4c78a8', opacity: 0.25 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      { data: { values }, mark: { type: 'line', color: '#4c78a8' }, encoding: { x, y } },
      {
        data: { values: points },
        mark: { type: 'point', filled: true, color: '#d45500', size: 40, opacity: 1 },
        encoding: { x, y: { ...y, field: 'y' } },
      },
    ],
  };
}

/** Eigenvalues of the Gauss-Newton matrix beside those of the class means, and the overlaps of its eigenvectors. */
export function classesChart(
  { eigenvalues, betweenEigenvalues, overlaps }: ClassStructure,
  subtitle: string,
): VegaLiteSpec {
  const series = ['Gauss-Newton matrix', 'class means'];
  const values = [eigenvalues, betweenEigenvalues].flatMap((numbers, s) =>
    numbers.slice(0, eigenvalues.length).map((value, i) => ({ series: series[s], rank: i + 1, value })),
  );
  const x = { field: 'rank', type: 'ordinal', axis: { labelAngle: 0 } };
  const bySeries = { field: 'series', type: 'nominal', title: null, sort: series, legend: { orient: 'top' } };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 20,
    title: { text: 'Outliers and classes', subtitle },
    vconcat: [
      {
        width: 480,
        height: 220,
        data: { values: values.filter(({ value }) => value > 0) },
        mark: { type: 'point', filled: true, size: 80, opacity: 1 },
        encoding: {
          x: { ...x, title: null },
          y: { field: 'value', type: 'quantitative', title: 'eigenvalue', scale: { type: 'log' } },
          color: bySeries,
          shape: bySeries,
        },
      },
      {
        width: 480,
        height: 90,
        data: { values: overlaps.map((overlap, i) => ({ rank: i + 1, overlap })) },
        mark: { type: 'bar' },
        encoding: {
          x,
          y: {
            field: 'overlap',
            type: 'quantitative',
            title: 'within class means',
            scale: { domain: [0, 1] },
            axis: { tickCount: 3 },
          },
        },
      },
    ],
  };
}
