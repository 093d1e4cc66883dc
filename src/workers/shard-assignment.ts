import type { ModelMessage, Reply, ShardMessage, ShardService } from './protocol.js';
import type { ShardWorker } from './shard-worker.js';
import type { ValueCheck } from './worker-reply.js';
import { isModelOf, isNothing, Line, requireReply, requireValue } from './worker-reply.js';
import { WorkersLostError } from './workers-lost-error.js';

const where = 'ShardedHessian';

/** What a worker answers that does not do what it was asked. */
class Refusal extends Error {}

/** Which worker has which shard, as workers come and go. */
export class ShardAssignment {
  private readonly lines = new Map<ShardWorker, Line>();
  private readonly owners = new Map<number, ShardWorker>();
  /** Why the last worker was given up. */
  private lastLoss: unknown;

  /**
   * @param shards the number of each is its place
   * @param timeout milliseconds after which a worker that has not answered counts as gone; null: never
   * @param onLoss is told of each worker that is given up
   */
  constructor(
    private readonly shards: readonly ShardMessage[],
    private readonly timeout: number | null,
    private readonly onLoss: (worker: ShardWorker) => void,
  ) {}

  /** Those that are alive, as far as is known. */
  get workers(): readonly ShardWorker[] {
    return [...this.lines.keys()];
  }

  /** Takes a worker in and gives it the model. */
  async admit(worker: ShardWorker, model: ModelMessage, size: number): Promise<void> {
    this.lines.set(worker, new Line());
    const lose = (reason: unknown): void => this.giveUp(worker, reason);
    worker.lost?.then(lose, lose);
    await this.ask(worker, 'loadModel', (service) => service.loadModel(model), isModelOf(size));
  }

  /** Gives a worker θ. */
  async tell(worker: ShardWorker, theta: Float32Array): Promise<void> {
    await this.ask(worker, 'setParameters', (service) => service.setParameters(theta), isNothing);
  }

  /** Gives every shard whose worker is gone to another. */
  async settle(): Promise<void> {
    await this.handOut(this.shards.map(({ id }) => id));
  }

  /**
   * Moves shards to the worker that has fewest from the one that has most, until nobody has two more than another that takes
   * more.
   *
   * @throws Error with the answer of a worker that takes none at all
   */
  async balance(): Promise<void> {
    const full = new Set<ShardWorker>();
    for (;;) {
      const idlest = this.idlest(full);
      const busiest = this.workers.reduce(
        (most, one) => (this.load(one) > this.load(most) ? one : most),
        idlest!,
      );
      if (idlest == null || this.load(busiest) - this.load(idlest) < 2) return;
      const id = this.shardsOf(busiest).at(-1)!;
      try {
        await this.give(id, idlest);
      } catch (error) {
        if (!(error instanceof Refusal) || this.load(idlest) === 0) throw error;
        full.add(idlest);
        continue;
      }
      this.owners.set(id, idlest);
      await this.ask(busiest, 'dropShard', (service) => service.dropShard([id]), isNothing);
      await this.settle();
    }
  }

  /**
   * Parts with a worker and ends it: its shards have none until they are handed out again.
   *
   * @returns resolves when it has ended, which one that does not answer never does: not to be waited for within a turn
   */
  release(worker: ShardWorker, reason: unknown): Promise<void> {
    this.lines.get(worker)?.cut(reason);
    this.lines.delete(worker);
    const ended = (async () => {
      await worker.terminate();
    })();
    ended.catch(() => {});
    return ended;
  }

  /**
   * Asks for the answer of every shard, each worker for all of its own at once. Those of a worker that turns out to be
   * gone are handed on and asked for again at once.
   *
   * @param check what the answer to so many shards has to be
   * @param take is given each answer as it comes
   */
  async collect<T>(
    message: 'product' | 'gradient' | 'magnitude',
    call: (service: ShardService, ids: readonly number[]) => Promise<Reply<readonly T[]>>,
    check: (count: number) => ValueCheck,
    take: (id: number, answer: T) => void,
  ): Promise<void> {
    const from = async (ids: readonly number[]): Promise<void> => {
      await this.handOut(ids);
      const groups = this.workers
        .map((worker) => ({ worker, own: ids.filter((id) => this.owners.get(id) === worker) }))
        .filter(({ own }) => own.length > 0);
      const gone = ids.filter((id) => this.isOrphan(id));
      const askedFor = groups.map(async ({ worker, own }) => {
        const answers = await this.ask(worker, message, (service) => call(service, own), check(own.length));
        if (answers == null) return from(own);
        own.forEach((id, i) => take(id, answers[i]!));
      });
      await Promise.all(gone.length > 0 ? [...askedFor, from(gone)] : askedFor);
    };
    await from(this.shards.map(({ id }) => id));
  }

  /** Ends the workers, and whatever waits for them. */
  async dispose(): Promise<void> {
    const { workers } = this;
    for (const line of this.lines.values()) line.cut(new Error('the operator was disposed'));
    this.lines.clear();
    this.owners.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  /**
   * Gives those shards whose worker is gone to the workers that have fewest, until each has one that is alive. One that
   * refuses a shard is given no more of them.
   */
  private async handOut(ids: readonly number[]): Promise<void> {
    const full = new Set<ShardWorker>();
    let refusal: Refusal | null = null;
    for (;;) {
      const left = ids.filter((id) => this.isOrphan(id));
      if (left.length === 0) return;
      for (const id of left) {
        const idlest = this.idlest(full);
        if (idlest == null) {
          throw refusal ?? new WorkersLostError(`${where}: no worker is left`, { cause: this.lastLoss });
        }
        this.owners.set(id, idlest);
      }
      const give = async (id: number): Promise<void> => {
        const owner = this.owners.get(id)!;
        try {
          await this.give(id, owner);
        } catch (error) {
          this.owners.delete(id);
          if (!(error instanceof Refusal)) throw error;
          full.add(owner);
          refusal = error;
        }
      };
      await Promise.all(left.map(give));
    }
  }

  private async give(id: number, worker: ShardWorker): Promise<void> {
    const shard = this.shards[id]!;
    await this.ask(worker, 'loadShard', (service) => service.loadShard(shard), isNothing);
  }

  private isOrphan(id: number): boolean {
    return !this.lines.has(this.owners.get(id)!);
  }

  private shardsOf(worker: ShardWorker): number[] {
    return this.shards.map(({ id }) => id).filter((id) => this.owners.get(id) === worker);
  }

  private load(worker: ShardWorker): number {
    return this.shardsOf(worker).length;
  }

  private idlest(full: ReadonlySet<ShardWorker>): ShardWorker | undefined {
    return this.workers
      .filter((worker) => !full.has(worker))
      .reduce<ShardWorker | undefined>(
        (best, one) => (best == null || this.load(one) < this.load(best) ? one : best),
        undefined,
      );
  }

  /** The answer of a worker; null if there will be none, in which case it is no longer one of ours. */
  private async ask<T>(
    worker: ShardWorker,
    message: keyof ShardService,
    call: (service: ShardService) => Promise<Reply<T>>,
    check: ValueCheck,
  ): Promise<T | null> {
    const line = this.lines.get(worker);
    if (line == null) return null;
    const reply = await line.reply(() => call(worker.service), this.timeout);
    if (reply != null && typeof reply === 'object' && 'lost' in reply) {
      this.giveUp(worker, reply.lost);
      return null;
    }
    requireReply(reply, message);
    if (reply.ok) {
      requireValue(reply.value, message, check);
      return reply.value;
    }
    if (!reply.isBlank) throw new Refusal(`${where}: a worker answered: ${reply.message}`);
    this.giveUp(worker, new Error(reply.message));
    return null;
  }

  /** Nobody waits for the end of one that may not answer that either. */
  private giveUp(worker: ShardWorker, reason: unknown): void {
    if (!this.lines.has(worker)) return;
    void this.release(worker, reason);
    this.lastLoss = reason;
    this.onLoss(worker);
  }
}
