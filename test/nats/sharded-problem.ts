import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layers from '@tensorflow/tfjs-layers';
import { HessianOperator, modelObjective } from '../../src/index.js';
import { useBackend } from '../wasm-backend.js';

/** A small model with its data, and its Hessian as it is computed here. */
export interface Problem {
  readonly model: LayersModel;
  readonly data: { xs: Tensor; ys: Tensor };
  readonly loss: string;
  readonly local: HessianOperator;
  readonly v: Float32Array;
  dispose(): void;
}

export async function smallProblem(): Promise<Problem> {
  await useBackend('cpu');
  const init = (seed: number) => ({ kernelInitializer: layers.initializers.glorotNormal({ seed }) });
  const model = layers.sequential({
    layers: [
      layers.layers.dense({ units: 6, inputShape: [5], activation: 'tanh', ...init(1) }),
      layers.layers.dense({ units: 2, ...init(2) }),
    ],
  });
  const data = {
    xs: tf.randomNormal([24, 5], 0, 1, 'float32', 3),
    ys: tf.randomNormal([24, 2], 0, 1, 'float32', 4),
  };
  const loss = 'meanSquaredError';
  const local = new HessianOperator(modelObjective(model, data, { loss }));
  return {
    model,
    data,
    loss,
    local,
    v: Float32Array.from({ length: local.size }, (_, i) => Math.sin(i + 1)),
    dispose: () => {
      local.dispose();
      tf.dispose(data);
      model.dispose();
    },
  };
}
