import type { LayersModel } from '@tensorflow/tfjs-layers';
import { requireArgument, requireThat } from '../errors.js';
import { readOptions } from '../options.js';
import { lossNames } from '../objectives/loss-functions.js';
import type { ModelData } from '../objectives/model-data.js';
import { orderData } from '../objectives/model-data.js';
import { outputNames, requireLayersModel, modelVariables } from '../objectives/model-structure.js';
import { hasStates } from '../tfjs/stateful-layers.js';
import type { AsyncLinearOperator } from '../operators/async-operator.js';
import { packTensor } from './packed-tensor.js';
import type { ModelMessage, Reply, ShardGradient, ShardMessage } from './protocol.js';
import { PROTOCOL_VERSION } from './protocol.js';
import { ShardAssignment } from './shard-assignment.js';
import { ShardSum } from './shard-sum.js';
import type { ShardWorker } from './shard-worker.js';
import { requireWorker } from './shard-worker.js';
import type { ShardedHessianOptions } from './sharded-hessian-options.js';
import { shardedHessianSchema } from './sharded-hessian-options.js';
import { splitIntoShards } from './split-into-shards.js';
import { areGradients, areSizes, areVectors } from './worker-reply.js';

const where = 'ShardedHessian';

/**
 * The Hessian of a model's loss over data that lies in shards with several workers:
 *
 *     Hv = Σ_s (N_s / N) H_s v
 *
 * v is sent to all, each answers for its shards, and the answers are added up in double precision, in the order of the
 * shards: the bits do not depend on who has computed what. Tapes stay with the workers from one product to the next. The
 * shards of a worker that dies are handed on to the others as soon as that is noticed, and complete the product under
 * way; a worker that joins takes shards over, and so does one that comes back, where its kind can.
 *
 * Serves every solver and every estimator. Calls wait for each other. Cost of a product: that of the largest share, 4n
 * bytes to each worker and 4n from it for each of its shards.
 *
 * @example
 * // script: the path of worker.js, see createShardService
 * const workers = [0, 1].map(() => pooledWorker(workerpool.pool(script, { maxWorkers: 1 })));
 * const hessian = await ShardedHessian.load(workers, model, { xs, ys }, { loss: 'categoricalCrossentropy' });
 * const { eigenvalues } = await lanczos(hessian, { k: 5 });
 * await hessian.dispose();
 */
export class ShardedHessian implements AsyncLinearOperator {
  private readonly assignment: ShardAssignment;
  /** θ, if it was set. */
  private theta: Float32Array | null = null;
  /** The end of the call before. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly ending = new AbortController();

  private constructor(
    readonly size: number,
    private readonly model: ModelMessage,
    private readonly shards: readonly ShardMessage[],
    timeout: number | null,
  ) {
    this.assignment = new ShardAssignment(shards, timeout, (worker) => void this.replace(worker));
  }

  /**
   * Gives each worker the model and its shards of the data.
   *
   * @param workers at least one; they are this operator's until it is disposed, which ends them
   * @param model its weights are copied as they are now; it stays the caller's
   * @param data inputs, targets and factors as `modelObjective` takes them, float32, int32 or bool; at least as many
   *   examples as shards. They stay the caller's
   * @param options see {@link ShardedHessianOptions}
   * @throws CurvatureArgumentError for wrong arguments, a loss that is a function among them, and for a worker of another
   *   version; WorkersLostError if no worker starts; an Error with what a worker answers, for a layer that its script
   *   has not registered
   */
  static async load(
    workers: readonly ShardWorker[],
    model: LayersModel,
    data: ModelData,
    options: ShardedHessianOptions = {},
  ): Promise<ShardedHessian> {
    const settings = readOptions(options, shardedHessianSchema, where);
    const { loss, batchSize, training, timeout, numShards = workers?.length } = settings;
    const isList = Array.isArray(workers) && workers.length > 0;
    requireArgument(isList, where, 'at least one worker {service, terminate}', workers);
    for (const worker of workers) requireWorker(worker, where);
    const areDifferent = new Set(workers).size === workers.length;
    requireThat(areDifferent, where, 'workers that differ', 'one twice');
    requireLayersModel(model, where);
    const isStateless = !hasStates(model);
    requireThat(
      isStateless,
      where,
      'a model without stateful layers, whose batches can be shared out',
      'one with',
    );
    const losses = lossNames(model, outputNames(model, where), loss, where);
    const shards = await splitIntoShards(orderData(model, data, where), numShards, where);
    const weights = await Promise.all(model.getWeights().map((weight) => packTensor(weight, where)));
    const topology = model.toJSON(null, false) as object;
    const version = PROTOCOL_VERSION;
    const message: ModelMessage = { version, topology, weights, losses, batchSize, training };
    const size = modelVariables(model, where).reduce((count, { size: own }) => count + own, 0);
    const operator = new ShardedHessian(size, message, shards, timeout);
    try {
      await Promise.all(workers.map((worker) => operator.introduce(worker)));
      await operator.assignment.settle();
    } catch (error) {
      await operator.dispose();
      throw error;
    }
    return operator;
  }

  /** How many workers are alive. */
  get numWorkers(): number {
    return this.assignment.workers.length;
  }

  /** In how many parts the data lies with the workers. */
  get numShards(): number {
    return this.shards.length;
  }

  /**
   * Takes a worker in: it gets the model with the present θ, and shards of those that have most, if there are two more
   * than it has.
   *
   * @param worker this operator's from now on, which ends it
   * @throws CurvatureArgumentError for what is no worker, one of another version, and after `dispose`; an Error with what a
   *   worker answers that takes no shard. The worker is then ended
   */
  async add(worker: ShardWorker): Promise<void> {
    requireWorker(worker, `${where}.add`);
    return this.inTurn(() => {
      const isNew = !this.assignment.workers.includes(worker);
      requireThat(isNew, `${where}.add`, 'a worker that is not one of it yet', 'one that is');
      return this.takeIn(worker);
    });
  }

  /**
   * Hands the shards of a worker on to the others, and ends it.
   *
   * @param worker one of this operator's, but not the last
   * @throws CurvatureArgumentError for another
   */
  async remove(worker: ShardWorker): Promise<void> {
    const { ended } = await this.inTurn(async () => {
      const isOurs = this.assignment.workers.includes(worker);
      requireThat(isOurs, `${where}.remove`, 'a worker of this operator', 'another');
      requireThat(this.numWorkers > 1, `${where}.remove`, 'another worker that is left', 'the last one');
      const parted = this.assignment.release(worker, new Error('the worker was removed'));
      await this.assignment.settle();
      return { ended: parted };
    });
    await ended;
  }

  /**
   * Sets θ for the products to come.
   *
   * @param theta n numbers in the order of the model's trainable weights; copied
   * @throws CurvatureArgumentError for another length
   */
  async setParameters(theta: Float32Array): Promise<void> {
    requireArgument(theta?.length === this.size, `${where}.setParameters`, `${this.size} numbers`, theta);
    const values = Float32Array.from(theta);
    return this.inTurn(async () => {
      this.theta = values;
      const tell = (worker: ShardWorker): Promise<unknown> => this.assignment.tell(worker, values);
      await Promise.all(this.assignment.workers.map(tell));
      await this.assignment.settle();
    });
  }

  async multiply(v: Float32Array): Promise<Float32Array> {
    requireArgument(v?.length === this.size, `${where}.multiply`, `${this.size} numbers`, v);
    const sum = new ShardSum(this.shards, this.size);
    await this.inTurn(() =>
      this.assignment.collect(
        'product',
        (service, ids) => service.product(ids, v),
        (count) => areVectors(count, this.size),
        (id, part) => sum.take(id, part),
      ),
    );
    return Float32Array.from(sum.total);
  }

  /** Σ_s (N_s / N) of what the H_s say of the size of their terms: see `LinearOperator.magnitude`. */
  async magnitude(): Promise<number> {
    const magnitudes = new Float64Array(this.shards.length);
    await this.inTurn(() =>
      this.assignment.collect(
        'magnitude',
        (service, ids) => service.magnitude?.(ids) ?? unknownMagnitudes(ids),
        areSizes,
        (id, magnitude) => (magnitudes[id] = magnitude),
      ),
    );
    return this.shards.reduce((total, { weight }, id) => total + weight * magnitudes[id]!, 0);
  }

  /** L(θ) over all of the data, added up in double precision. Costs a gradient in each worker at a new θ. */
  async loss(): Promise<number> {
    return (await this.slope()).loss;
  }

  /** ∇L(θ) over all of the data, n numbers, added up in double precision. */
  async gradient(): Promise<Float32Array> {
    return (await this.slope()).gradient;
  }

  /** Ends the workers. Products under way and afterwards reject. Harmless when repeated. */
  async dispose(): Promise<void> {
    this.ending.abort();
    await this.assignment.dispose();
  }

  private async takeIn(worker: ShardWorker): Promise<void> {
    try {
      requireThat(!this.ending.signal.aborted, `${where}.add`, 'a live operator', 'a disposed one');
      await this.introduce(worker);
      await this.assignment.settle();
      await this.assignment.balance();
    } catch (error) {
      void this.assignment.release(worker, error);
      throw error;
    }
  }

  /** Takes in what comes in the place of a worker that is gone. What then fails is as if it had not come. */
  private async replace(gone: ShardWorker): Promise<void> {
    try {
      const worker = await gone.successor?.(this.ending.signal);
      if (worker != null) await this.inTurn(() => this.takeIn(worker));
    } catch {
      return;
    }
  }

  private async slope(): Promise<ShardGradient> {
    const losses = new Float64Array(this.shards.length);
    const sum = new ShardSum(this.shards, this.size);
    await this.inTurn(() =>
      this.assignment.collect(
        'gradient',
        (service, ids) => service.gradient(ids),
        (count) => areGradients(count, this.size),
        (id, { loss, gradient }) => {
          losses[id] = loss;
          sum.take(id, gradient);
        },
      ),
    );
    const loss = this.shards.reduce((total, { weight }, id) => total + weight * losses[id]!, 0);
    return { loss, gradient: Float32Array.from(sum.total) };
  }

  /** The model and θ for a worker, which is one of ours if it takes them. */
  private async introduce(worker: ShardWorker): Promise<void> {
    await this.assignment.admit(worker, this.model, this.size);
    if (this.theta != null) await this.assignment.tell(worker, this.theta);
  }

  /** Runs `f` after all calls before it. */
  private async inTurn<T>(f: () => Promise<T>): Promise<T> {
    const run = this.turn.then(f, f);
    this.turn = run.catch(() => {});
    return run;
  }
}

/** The answer of a worker that knows none. */
async function unknownMagnitudes(ids: readonly number[]): Promise<Reply<readonly number[]>> {
  return { ok: true, value: ids.map(() => 0) };
}
