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
