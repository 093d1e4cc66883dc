import type { VegaLiteSpec } from 'tfjs-curvature/plot';

/** The critic's score at a place of the plane. */
export interface Score {
  readonly x: number;
  readonly y: number;
  readonly score: number;
}

/** What the generator draws, on the critic's scores, with the centres of the modes. */
export function wganChart(
  scores: readonly Score[],
  cell: number,
  samples: readonly (readonly number[])[],
  centres: readonly (readonly number[])[],
): VegaLiteSpec {
  const half = cell / 2;
  const axis = (field: string) => ({
    field,
    type: 'quantitative',
    title: field,
    scale: { domain: [-3, 3], nice: false },
    axis: { grid: false },
  });
  const points = (values: readonly (readonly number[])[], mark: object) => ({
    data: { values: values.map(([x, y]) => ({ x, y })) },
    transform: [{ filter: 'abs(datum.x) <= 3 && abs(datum.y) <= 3' }],
    mark: { type: 'point', ...mark },
    encoding: { x: axis('x'), y: axis('y') },
  });
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 20,
    title: {
      text: 'WGAN-GP on eight Gaussians',
      subtitle: 'samples of the generator on the scores of the critic',
    },
    width: 420,
    height: 420,
    layer: [
      {
        data: {
          values: scores.map(({ x, y, score }) => ({
            x: x - half,
            x2: x + half,
            y: y - half,
            y2: y + half,
            score,
          })),
        },
        mark: { type: 'rect', clip: true },
        encoding: {
          x: axis('x'),
          x2: { field: 'x2' },
          y: axis('y'),
          y2: { field: 'y2' },
          color: { field: 'score', type: 'quantitative', title: 'critic', scale: { scheme: 'viridis' } },
        },
      },
      points(samples, { filled: true, size: 10, color: '#ff5a36', opacity: 0.7 }),
      points(centres, { shape: 'cross', size: 120, color: 'white', strokeWidth: 2 }),
    ],
  };
}
