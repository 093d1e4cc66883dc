import { requireThat } from '../errors.js';
import { byDefault, integer } from '../options.js';
import type { Settings } from '../options.js';
import type { ModelMessage, PackedTensor, ShardMessage, ShardService } from '../workers/index.js';

/** What a worker lets a host ask for. Whoever may publish to a worker is trusted with no more. */
export interface WorkerLimits {
  /** Sessions at a time, each for one host. Default 1. */
  readonly sessions?: number;
  /** Bytes of one message: the weights of a model, a shard, θ or v. Default 256 MiB. */
  readonly messageBytes?: number;
  /** Bytes of JSON in a message, above all the topology of the model; parsed, it takes some ten times as many. Default 4 MiB. */
  readonly jsonBytes?: number;
  /** Numbers in the weights of a model. Default 2²⁶, 67 million. */
  readonly parameters?: number;
  /** Shards of a session. Default 1024. */
  readonly shards?: number;
  /**
   * Bytes of model and shards that a session may bring, and as many again of calls and vectors that wait. What is computed from
   * them, tapes above all, comes on top. Default 1 GiB.
   */
  readonly sessionBytes?: number;
}

/** The schema of {@link WorkerLimits}. */
export const limitsSchema = {
  sessions: byDefault(integer(1), 1),
  messageBytes: byDefault(integer(1024), 2 ** 28),
  jsonBytes: byDefault(integer(1024), 2 ** 22),
  parameters: byDefault(integer(1), 2 ** 26),
  shards: byDefault(integer(1), 1024),
  sessionBytes: byDefault(integer(1024), 2 ** 30),
};

/** The limits with their defaults. */
export type SetLimits = Settings<WorkerLimits, typeof limitsSchema>;

const where = 'serveShards';

/** What a session has brought so far, held to the limits. */
export class SessionAccount {
  private model = 0;
  private readonly shards = new Map<number, number>();

  constructor(private readonly limits: SetLimits) {}

  /**
   * Notes a message before it is followed; a model counts once it is built, by {@link noteModel}: one that is refused may leave
   * all as it was.
   *
   * @param bytes of the message
   * @throws CurvatureArgumentError for one that goes over a limit: what was brought before stays
   */
  note(name: keyof ShardService, args: readonly unknown[], bytes: number): void {
    if (name === 'loadModel') {
      const { weights } = (args[0] ?? {}) as Partial<ModelMessage>;
      const most = this.limits.parameters;
      const size = Array.isArray(weights)
        ? (weights as PackedTensor[]).reduce((sum, weight) => sum + (weight?.values?.length ?? 0), 0)
        : 0;
      requireThat(size <= most, where, `a model of at most ${most} parameters`, `one of ${size}`);
      this.requireRoom(bytes);
    } else if (name === 'loadShard') {
      const { id } = (args[0] ?? {}) as Partial<ShardMessage>;
      const most = this.limits.shards;
      requireThat(this.shards.size < most, where, `at most ${most} shards`, 'one more');
      this.requireRoom(this.total + bytes);
      // The worker refuses a number that it has: the larger message may be the one that it has taken.
      this.shards.set(id!, Math.max(bytes, this.shards.get(id!) ?? 0));
    } else if (name === 'dropShard' && Array.isArray(args[0])) {
      for (const id of args[0] as number[]) this.shards.delete(id);
    } else if (name === 'dispose') {
      this.model = 0;
      this.shards.clear();
    }
  }

  /** Notes that a model of so many bytes was built, in place of the one before and its shards. */
  noteModel(bytes: number): void {
    this.shards.clear();
    this.model = bytes;
  }

  private get total(): number {
    return [...this.shards.values()].reduce((sum, bytes) => sum + bytes, this.model);
  }

  private requireRoom(bytes: number): void {
    const most = this.limits.sessionBytes;
    requireThat(bytes <= most, where, `at most ${most} bytes of model and shards in a session`, `${bytes}`);
  }
}
