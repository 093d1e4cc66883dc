import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { models } from '@tensorflow/tfjs-layers';
import { expose } from 'comlink';
import { HessianOperator, lanczos, modelObjective } from '../../src/index.js';
import { createShardService } from '../../src/workers/index.js';

/** What docs/in-workers.md shows, and a shard service beside it. */
const functions = {
  ...createShardService(async () => {
    await tf.setBackend('cpu');
  }),

  async sharpness(
    topology: object,
    weights: Float32Array[],
    xs: number[][],
    ys: number[][],
  ): Promise<number> {
    await tf.ready();
    const model = await models.modelFromJSON({ modelTopology: topology } as Parameters<
      typeof models.modelFromJSON
    >[0]);
    model.setWeights(model.getWeights().map(({ shape }, i) => tf.tensor(weights[i]!, shape)));
    const data = { xs: tf.tensor2d(xs), ys: tf.tensor2d(ys) };
    const hessian = new HessianOperator(modelObjective(model, data, { loss: 'meanSquaredError' }));
    const { eigenvalues, dispose } = await lanczos(hessian, { k: 1 });
    dispose();
    hessian.dispose();
    return eigenvalues[0]!;
  },
};

export type WorkerFunctions = typeof functions;

expose(functions);
