import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { laplace } from 'tfjs-curvature';
import type { Band } from './pictures.js';

/** The standard deviation of the targets. */
const noise = 0.1;

/** A small net on 40 points of sin 4x with a gap between them, and its predictions with their uncertainty. */
export async function fitWithBand(): Promise<{
  readonly points: { readonly x: number; readonly y: number }[];
  readonly band: Band[];
  readonly priorPrecision: number;
}> {
  const at = Array.from({ length: 40 }, (_, i) => (i < 20 ? -1 + 0.035 * i : 0.5 + 0.025 * (i - 20)));
  const errors = await tf.randomNormal([40], 0, noise, 'float32', 5).data();
  const points = at.map((x, i) => ({ x, y: Math.sin(4 * x) + errors[i]! }));
  const column = (values: readonly number[]): tf.Tensor2D => tf.tensor2d([...values], [values.length, 1]);
  const data = { xs: column(at), ys: column(points.map(({ y }) => y)) };
  // The regulariser of the prior with δ = 0.5: of L, 2σ²/N times -log p, it is δσ²/N ‖θ‖².
  const kernelRegularizer = tfl.regularizers.l2({ l2: (0.5 * noise ** 2) / 40 });
  const dense = (
    settings: Partial<Parameters<typeof tfl.layers.dense>[0]> & { units: number },
    seed: number,
  ) =>
    tfl.layers.dense({
      kernelRegularizer,
      biasRegularizer: kernelRegularizer,
      kernelInitializer: tfl.initializers.glorotNormal({ seed }),
      ...settings,
    });
  const model = tfl.sequential({
    layers: [dense({ units: 16, inputShape: [1], activation: 'tanh' }, 1), dense({ units: 1 }, 2)],
  });
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' });
  await model.fit(data.xs, data.ys, { epochs: 1500, batchSize: 40, verbose: 0 });
  const grid = Array.from({ length: 121 }, (_, i) => -1.4 + 0.0235 * i);
  const xs = column(grid);
  const options = { noise, priorPrecision: [0.1, 0.5, 2], test: { xs } };
  const { predictions, priorPrecision } = await laplace({ model, data }, options);
  const band = predictions.map(({ mean, variance }, i) => ({
    x: grid[i]!,
    mean: mean[0]!,
    deviation: Math.sqrt(variance[0]! + noise ** 2),
  }));
  tf.dispose([data, xs]);
  model.dispose();
  return { points, band, priorPrecision };
}
