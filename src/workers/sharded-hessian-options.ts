import type { Schema } from '../options.js';
import { byDefault, flag, integer, number, or, unchecked } from '../options.js';

/** Settings of `ShardedHessian.load`. */
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
  /**
   * Parts that the data is cut into. Default as many as workers; more let workers that join later take some over, and
   * spread those of one that dies.
   */
  readonly numShards?: number;
  /** Milliseconds after which a worker that has not answered counts as gone. Default null: it may take its time. */
  readonly timeout?: number | null;
}

/** Their schema. */
export const shardedHessianSchema = {
  loss: unchecked<string | string[] | Record<string, string>>(),
  batchSize: byDefault(integer(1), 128),
  training: byDefault(flag, false),
  numShards: integer(1),
  timeout: byDefault(or(number({ above: 0 }), null), null),
} satisfies Schema<ShardedHessianOptions>;
