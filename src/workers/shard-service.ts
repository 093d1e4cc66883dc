import type { Tensor } from '@tensorflow/tfjs-core';
import { dispose as disposeTensors, ready, tensor1d } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { models } from '@tensorflow/tfjs-layers';
import { modelObjective } from '../objectives/model-objective.js';
import { trainableVariables } from '../objectives/model-structure.js';
import { HessianOperator } from '../operators/hessian.js';
import { unpackTensor } from './packed-tensor.js';
import type { ModelMessage, Reply, ShardMessage, ShardService } from './protocol.js';

interface Shard {
  readonly weight: number;
  /** Inputs, targets and factors of the examples, which the operator reads. */
  readonly tensors: readonly Tensor[];
  readonly operator: HessianOperator;
}

/**
 * The worker's side of a sharded operator: holds a model and some shards of the data with their tapes, and answers
 * products. How it is reached is up to the caller: its functions are what workerpool's `worker(…)` or comlink's
 * `expose(…)` are given.
 *
 * @param prepare starts the backend, e.g. wasm with our training kernels; awaited before a model is loaded
 * @example
 * // worker.ts, for workerpool
 * workerpool.worker({ ...createShardService(async () => void (await tf.setBackend('wasm'))) });
 */
export function createShardService(prepare: () => Promise<void> = ready): ShardService {
  let model: LayersModel | null = null;
  let message: ModelMessage | null = null;
  const shards = new Map<number, Shard>();

  const release = (): void => {
    for (const { operator, tensors } of shards.values()) {
      operator.dispose();
      disposeTensors([...tensors]);
    }
    shards.clear();
    model?.dispose();
    model = null;
  };

  const requireModel = (): { model: LayersModel; message: ModelMessage } => {
    if (model == null || message == null) throw new BlankError();
    return { model, message };
  };

  return {
    loadModel: answering(async (next: ModelMessage) => {
      await prepare();
      release();
      message = next;
      model = await buildModel(next);
      return trainableVariables(model, 'ShardedHessian').reduce((count, { size }) => count + size, 0);
    }),

    loadShard: answering((shard: ShardMessage) => {
      const { model, message } = requireModel();
      const [xs, ys] = [shard.xs.map(unpackTensor), shard.ys.map(unpackTensor)];
      const weights = shard.sampleWeight == null ? [] : [unpackTensor(shard.sampleWeight)];
      const tensors = [...xs, ...ys, ...weights];
      const [sampleWeight] = weights;
      const { losses, batchSize, training } = message;
      try {
        const objective = modelObjective(
          model,
          { xs, ys, ...(sampleWeight && { sampleWeight }) },
          { loss: [...losses], batchSize, training },
        );
        const operator = new HessianOperator(objective);
        shards.set(shard.id, { weight: shard.weight, tensors, operator });
      } catch (error) {
        disposeTensors(tensors);
        throw error;
      }
      return null;
    }),

    setParameters: answering((theta: Float32Array) => {
      requireModel();
      // All shards share the variables of the one model.
      const [shard] = shards.values();
      if (shard == null) throw new Error('setParameters: no shard has been loaded');
      const vector = tensor1d(theta);
      shard.operator.parameters.write(vector);
      vector.dispose();
      return null;
    }),

    product: answering(async (ids: readonly number[], v: Float32Array) => {
      requireModel();
      const vector = tensor1d(v);
      const total = new Float64Array(v.length);
      try {
        for (const id of ids) {
          const shard = shards.get(id);
          if (shard == null) throw new BlankError();
          const part = shard.operator.matvec(vector);
          const values = await part.data<'float32'>();
          part.dispose();
          for (let i = 0; i < total.length; i++) total[i]! += shard.weight * values[i]!;
        }
      } finally {
        vector.dispose();
      }
      return Float32Array.from(total);
    }),

    dispose: answering(() => {
      release();
      return null;
    }),
  };
}

/** What was asked for needs a model or shard that this worker was never given. */
class BlankError extends Error {
  constructor() {
    super('the worker holds no model, or not that shard');
  }
}

/** Turns what a function throws into an answer: an error does not survive every way between threads. */
function answering<A extends unknown[], T>(
  f: (...args: A) => T | Promise<T>,
): (...args: A) => Promise<Reply<T>> {
  return async (...args) => {
    try {
      return { ok: true, value: await f(...args) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, isBlank: error instanceof BlankError, message };
    }
  };
}

async function buildModel({ topology, weights }: ModelMessage): Promise<LayersModel> {
  const model = await models.modelFromJSON({ modelTopology: topology } as Parameters<
    typeof models.modelFromJSON
  >[0]);
  const values = weights.map(unpackTensor);
  model.setWeights(values);
  disposeTensors(values);
  return model;
}
