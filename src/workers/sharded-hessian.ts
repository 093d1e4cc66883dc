import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OptionNames } from '../errors.js';
import { requireArgument, requireOptions, requireThat } from '../errors.js';
import { lossNames } from '../objectives/loss-functions.js';
import type { ModelData } from '../objectives/model-data.js';
import { orderData } from '../objectives/model-data.js';
import { outputNames, requireLayersModel, trainableVariables } from '../objectives/model-structure.js';
import { hasStates } from '../objectives/stateful-layers.js';
import type { AsyncLinearOperator } from '../operators/async-operator.js';
import { packTensor } from './packed-tensor.js';
import type { ModelMessage, Reply, ShardMessage } from './protocol.js';
import type { ShardWorker } from './shard-worker.js';
import { splitIntoShards } from './split-into-shards.js';

/** Settings of {@link ShardedHessian.load}. */
export interface ShardedHessianOptions {
  /**
   * The loss by name, as `model.compile` takes it: one, or one per output in order or by name. Default: what the
   * model was compiled with. A function cannot be sent to a worker.
   */
  readonly loss?: string | string[] | Record<string, string>;
  /** Examples differentiated at once in a worker. Default 128. */
  readonly batchSize?: number;
  /** Whether layers run as in training. Default false. */
  readonly training?: boolean;
  /** Milliseconds after which a worker that has not answered counts as gone. Default null: it may take its time. */
  readonly timeout?: number | null;
}

const shardedHessianOptionNames: OptionNames<ShardedHessianOptions> = {
  loss: 'value',
  batchSize: 'value',
  training: 'value',
  timeout: 'value',
};

/** All workers are gone. */
export class WorkersLostError extends Error {
  override readonly name = 'WorkersLostError';
}

const where = 'ShardedHessian';

/**
 * The Hessian of a model's loss over data that lies in shards with several workers:
 *
 *     Hv = Σ_s (N_s / N) H_s v
 *
 * v is sent to all, each answers the weighted sum over its shards, and the answers are added up in double precision.
 * Tapes stay with the workers from one product to the next. The shards of a worker that dies are handed on
 * to the others, and the product under way is completed by them.
 *
 * Serves `lanczos`. Cost of a product: that of the largest share, and 8n bytes to and from each worker.
 *
 * @example
 * const hessian = await ShardedHessian.load(workers, model, { xs, ys }, { loss: 'categoricalCrossentropy' });
 * const { eigenvalues } = await lanczos(hessian, { k: 5 });
 * await hessian.dispose();
 */
export class ShardedHessian implements AsyncLinearOperator {
  private readonly owners = new Map<number, ShardWorker>();
  /** Why the last worker was given up. */
  private lastLoss: unknown;

  private constructor(
    readonly size: number,
    private readonly workers: Set<ShardWorker>,
    private readonly shards: readonly ShardMessage[],
    private readonly timeout: number | null,
  ) {}

  /**
   * Gives each worker the model and a shard of the data.
   *
   * @param workers at least one; they are this operator's until it is disposed, which ends them
   * @param model its weights are copied as they are now; it stays the caller's
   * @param data inputs, targets and factors as `modelObjective` takes them, float32, int32 or bool; at least as many
   *   examples as workers. They stay the caller's
   * @throws CurvatureArgumentError for wrong arguments, a loss that is a function among them; WorkersLostError if no
   *   worker starts; an Error with what a worker answers, for a layer that its script has not registered
   */
  static async load(
    workers: readonly ShardWorker[],
    model: LayersModel,
    data: ModelData,
    options: ShardedHessianOptions = {},
  ): Promise<ShardedHessian> {
    requireOptions(options, shardedHessianOptionNames, where);
    const { batchSize = 128, training = false, timeout = null } = options;
    const areWorkers =
      Array.isArray(workers) && workers.length > 0 && workers.every((one) => one?.service != null);
    requireArgument(areWorkers, where, 'at least one worker {service, terminate}', workers);
    requireLayersModel(model, where);
    const isStateless = !hasStates(model);
    requireThat(
      isStateless,
      where,
      'a model without stateful layers, whose batches can be shared out',
      'one with',
    );
    const losses = lossNames(model, outputNames(model), options.loss, where);
    const shards = await splitIntoShards(orderData(model, data, where), workers.length, where);
    const weights = await Promise.all(model.getWeights().map((weight) => packTensor(weight, where)));
    const topology = model.toJSON(null, false) as object;
    const message: ModelMessage = { topology, weights, losses, batchSize, training };
    const size = trainableVariables(model, where).reduce((count, { size: own }) => count + own, 0);
    const operator = new ShardedHessian(size, new Set(workers), shards, timeout);
    try {
      const counts = await Promise.all(
        workers.map((worker) => operator.ask(worker, worker.service.loadModel(message))),
      );
      for (const count of counts) {
        const isSame = count == null || count === size;
        requireThat(isSame, where, `a model of ${size} parameters in each worker`, `one of ${count}`);
      }
      await operator.handOut(shards.map(({ id }) => id));
    } catch (error) {
      await operator.dispose();
      throw error;
    }
    return operator;
  }

  /** How many workers are alive. */
  get numWorkers(): number {
    return this.workers.size;
  }

  /** θ for the products to come, n numbers in the order of the model's trainable weights. */
  async setParameters(theta: Float32Array): Promise<void> {
    requireArgument(theta.length === this.size, `${where}.setParameters`, `${this.size} numbers`, theta);
    await Promise.all(
      [...this.workers].map((worker) => this.ask(worker, worker.service.setParameters(theta))),
    );
    await this.handOut(this.orphans());
  }

  async multiply(v: Float32Array): Promise<Float32Array> {
    requireArgument(v.length === this.size, `${where}.multiply`, `${this.size} numbers`, v);
    const total = new Float64Array(this.size);
    let open = this.shards.map(({ id }) => id);
    while (open.length > 0) {
      await this.handOut(this.orphans());
      const asked = [...this.workers].map((worker) => ({
        worker,
        ids: open.filter((id) => this.owners.get(id) === worker),
      }));
      const busy = asked.filter(({ ids }) => ids.length > 0);
      const answers = await Promise.all(
        busy.map(({ worker, ids }) => this.ask(worker, worker.service.product(ids, v))),
      );
      answers.forEach((part, i) => {
        if (part == null) return;
        const { ids } = busy[i]!;
        open = open.filter((id) => !ids.includes(id));
        for (let j = 0; j < total.length; j++) total[j]! += part[j]!;
      });
    }
    return Float32Array.from(total);
  }

  /** Ends the workers. Products afterwards reject. Harmless when repeated. */
  async dispose(): Promise<void> {
    const workers = [...this.workers];
    this.workers.clear();
    this.owners.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  /** Shards whose worker is gone. */
  private orphans(): number[] {
    return this.shards.map(({ id }) => id).filter((id) => !this.workers.has(this.owners.get(id)!));
  }

  /** Gives shards to the workers that have fewest, until each has one that is alive. */
  private async handOut(ids: readonly number[]): Promise<void> {
    let left = [...ids];
    while (left.length > 0) {
      if (this.workers.size === 0) {
        throw new WorkersLostError(`${where}: no worker is left`, { cause: this.lastLoss });
      }
      for (const id of left) this.owners.set(id, this.idlest());
      await Promise.all(
        left.map((id) => {
          const worker = this.owners.get(id)!;
          return this.ask(worker, worker.service.loadShard(this.shards[id]!));
        }),
      );
      left = this.orphans();
    }
  }

  private idlest(): ShardWorker {
    const owners = [...this.owners.values()];
    const load = (worker: ShardWorker): number => owners.filter((owner) => owner === worker).length;
    return [...this.workers].reduce((best, worker) => (load(worker) < load(best) ? worker : best));
  }

  /** The answer of a worker; null if there will be none, in which case it is no longer one of ours. */
  private async ask<T>(worker: ShardWorker, call: Promise<Reply<T>>): Promise<T | null> {
    const reply = await answerOf(call, worker, this.timeout);
    if ('lost' in reply) this.lastLoss = reply.lost;
    else if (reply.ok) return reply.value;
    if ('lost' in reply || reply.isBlank) {
      // Nobody waits for the end of one that may not answer that either.
      if (this.workers.delete(worker)) void worker.terminate().catch(() => {});
      return null;
    }
    throw new Error(`${where}: a worker answered: ${reply.message}`);
  }
}

/** No reply, and why. */
interface Loss {
  readonly lost: unknown;
}

/** The reply, or why there is none: the call fails, the worker is lost, or it takes too long. */
async function answerOf<T>(
  call: Promise<Reply<T>>,
  { lost }: ShardWorker,
  timeout: number | null,
): Promise<Reply<T> | Loss> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const loss = (reason: unknown): Loss => ({ lost: reason });
  const ends: Promise<Reply<T> | Loss>[] = [call.catch(loss)];
  if (lost != null) ends.push(lost.then(loss, loss));
  if (timeout != null) {
    const late = new Error(`no answer in ${timeout} ms`);
    ends.push(new Promise((end) => (timer = setTimeout(() => end(loss(late)), timeout))));
  }
  try {
    return await Promise.race(ends);
  } finally {
    clearTimeout(timer);
  }
}
