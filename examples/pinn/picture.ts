import type { VegaLiteSpec } from 'tfjs-curvature/plot';

/** A curve over a horizontal axis, by name. */
export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The solution beside the net, its error, and the losses of the optimizers, one over the other. */
export function pinnChart(values: readonly Curve[], error: Curve, losses: readonly Curve[]): VegaLiteSpec {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 20,
    title: { text: '−u″ = π² sin πx by a small net', subtitle: '1-32-32-1 tanh, Adam with exact gradients' },
    vconcat: [
      panel(values, 'x', 'u(x)', 'linear'),
      panel([error], 'x', 'net − solution', 'linear'),
      panel(losses, 'step', 'loss', 'log'),
    ],
    resolve: { scale: { color: 'independent', strokeDash: 'independent' } },
  };
}

function panel(curves: readonly Curve[], x: string, y: string, scale: 'linear' | 'log'): object {
  const names = curves.map(({ name }) => name);
  const series = { field: 'curve', type: 'nominal', title: null, sort: names };
  const legend = curves.length > 1 ? { symbolType: 'stroke', orient: 'top' } : null;
  return {
    width: 560,
    height: 150,
    data: {
      values: curves.flatMap((curve) =>
        curve.x.map((at, i) => ({ curve: curve.name, x: at, y: curve.y[i] })),
      ),
    },
    mark: { type: 'line' },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x },
      y: {
        field: 'y',
        type: 'quantitative',
        title: y,
        scale: scale === 'log' ? { type: scale } : { type: scale, zero: false },
        axis: { format: scale === 'log' ? '~e' : '~g', tickCount: 5 },
      },
      color: { ...series, legend },
      strokeDash: { ...series, legend },
    },
  };
}
