import type { Tensor } from '@tensorflow/tfjs-core';
import { dispose as disposeTensors, memory, ready, tensor1d } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import { autoRetainBytes } from '../objectives/linearize-objective.js';
import { modelObjective } from '../objectives/model-objective.js';
import { modelVariables } from '../objectives/model-structure.js';
import type { Objective } from '../objectives/objective.js';
import { HessianOperator } from '../operators/hessian.js';
import { knownMagnitude } from '../operators/magnitude.js';
import type { ParameterSpace } from '../parameters.js';
import { parameterSpace } from '../parameters.js';
import { buildModel } from './build-model.js';
import { requirePacked, unpackTensor } from './packed-tensor.js';
import type { ModelMessage, Reply, ShardGradient, ShardMessage, ShardService } from './protocol.js';
import { PROTOCOL_VERSION } from './protocol.js';

interface Shard {
  /** Inputs, targets and factors of the examples, which the operator reads. */
  readonly tensors: readonly Tensor[];
  readonly operator: HessianOperator;
  /** What the operator holds on the device, tapes above all. */
  readonly bytes: number;
}

interface Loaded {
  readonly model: LayersModel;
  readonly message: ModelMessage;
  /** The trainable variables, which all shards share. */
  readonly parameters: ParameterSpace;
}

/**
 * The worker's side of a sharded operator: holds a model and some shards of the data with their tapes, and answers
 * products and gradients, shard by shard. How it is reached is up to the caller: its functions are what workerpool's
 * `worker(…)` or comlink's `expose(…)` are given.
 *
 * @param prepare starts the backend, e.g. wasm with our training kernels; awaited before a model is loaded
 * @returns the functions that a `ShardWorker` calls. They answer what went wrong in place of throwing it
 *
 * @example
 * // worker.js, for workerpool
 * workerpool.worker({ ...createShardService(async () => void (await tf.setBackend('wasm'))) });
 */
export function createShardService(prepare: () => Promise<void> = ready): ShardService {
  let loaded: Loaded | null = null;
  const shards = new Map<number, Shard>();

  /** An operator with as many tapes as there is room for: all shards of a worker share what one keeps by itself. */
  const makeOperator = (objective: Objective): Pick<Shard, 'operator' | 'bytes'> => {
    const room = [...shards.values()].reduce((left, { bytes }) => left - bytes, autoRetainBytes);
    const before = memory().numBytes;
    const operator = new HessianOperator(objective, { retain: room > 0 && room });
    return { operator, bytes: memory().numBytes - before };
  };

  const drop = (id: number): void => {
    const shard = shards.get(id);
    if (shard == null) return;
    shard.operator.dispose();
    disposeTensors([...shard.tensors]);
    shards.delete(id);
  };

  const release = (): void => {
    for (const id of [...shards.keys()]) drop(id);
    loaded?.model.dispose();
    loaded = null;
  };

  const requireModel = (): Loaded => {
    if (loaded == null) throw new BlankError();
    return loaded;
  };

  /** What `f` answers for each of the shards named, in their order. */
  const each = async <T>(ids: readonly number[], f: (shard: Shard) => Promise<T>): Promise<T[]> => {
    requireModel();
    const answers: T[] = [];
    for (const id of ids) {
      const shard = shards.get(id);
      if (shard == null) throw new BlankError();
      answers.push(await f(shard));
    }
    return answers;
  };

  return {
    loadModel: answering(async (message: ModelMessage) => {
      const version = message?.version;
      const isKnown = version === PROTOCOL_VERSION;
      requireArgument(
        isKnown,
        'ShardWorker.service.loadModel',
        `messages of version ${PROTOCOL_VERSION} of their host`,
        version,
      );
      await prepare();
      release();
      const model = await buildModel(message);
      try {
        const parameters = parameterSpace(modelVariables(model, 'ShardedHessian'), 'ShardedHessian');
        loaded = { model, message, parameters };
        return { version: PROTOCOL_VERSION, size: parameters.size };
      } catch (error) {
        model.dispose();
        throw error;
      }
    }),

    loadShard: answering((shard: ShardMessage) => {
      const { model, message } = requireModel();
      requireThat(
        !shards.has(shard.id),
        'ShardWorker.service.loadShard',
        'a shard that is not there yet',
        `number ${shard.id}`,
      );
      const packed = [...shard.xs, ...shard.ys, ...(shard.sampleWeight == null ? [] : [shard.sampleWeight])];
      for (const tensor of packed) requirePacked(tensor, 'ShardWorker.service.loadShard');
      const tensors = packed.map(unpackTensor);
      const numInputs = shard.xs.length;
      const [xs, ys] = [tensors.slice(0, numInputs), tensors.slice(numInputs, numInputs + shard.ys.length)];
      const sampleWeight = shard.sampleWeight == null ? undefined : tensors.at(-1);
      const { losses, batchSize, training } = message;
      try {
        const objective = modelObjective(
          model,
          { xs, ys, ...(sampleWeight && { sampleWeight }) },
          { loss: [...losses], batchSize, training },
        );
        shards.set(shard.id, { tensors, ...makeOperator(objective) });
      } catch (error) {
        disposeTensors(tensors);
        throw error;
      }
      return null;
    }),

    dropShard: answering((ids: readonly number[]) => {
      requireModel();
      for (const id of ids) drop(id);
      return null;
    }),

    setParameters: answering((theta: Float32Array) => {
      const { parameters } = requireModel();
      const vector = tensor1d(theta);
      try {
        parameters.write(vector);
      } finally {
        vector.dispose();
      }
      return null;
    }),

    product: answering(async (ids: readonly number[], v: Float32Array) => {
      // Before a tensor is made: a worker in its place has not even started its backend.
      requireModel();
      const vector = tensor1d(v);
      try {
        return await each(ids, ({ operator }) => valuesOf(operator.matvec(vector)));
      } finally {
        vector.dispose();
      }
    }),

    gradient: answering((ids: readonly number[]) =>
      each(ids, async ({ operator }): Promise<ShardGradient> => {
        const [loss] = await valuesOf(operator.lossTensor());
        return { loss: loss!, gradient: await valuesOf(operator.gradient()) };
      }),
    ),

    magnitude: answering((ids: readonly number[]) => each(ids, ({ operator }) => knownMagnitude(operator))),

    dispose: answering(() => {
      release();
      return null;
    }),
  };
}

/** The values of a tensor, which is disposed. */
async function valuesOf(tensor: Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
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
