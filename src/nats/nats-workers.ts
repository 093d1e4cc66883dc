import type { NatsConnection } from '@nats-io/nats-core';
import { requireThat } from '../errors.js';
import { byDefault, integer, number, readOptions } from '../options.js';
import type { ShardWorker } from '../workers/index.js';
import { Broadcast } from './broadcast.js';
import { watchConnection } from './connection-watch.js';
import { findWorkers } from './find-workers.js';
import { openWorker } from './nats-worker.js';
import { sharedSubject, subjectToken, uniqueToken } from './subjects.js';
import { WorkersNotFoundError } from './workers-not-found-error.js';

/** Settings of {@link natsWorkers}. */
export interface NatsWorkersOptions {
  /** The name that workers and hosts have agreed on. Default 'workers'. */
  readonly group?: string;
  /** What this host calls itself: workers tell it to their owners, who cannot check it. Default 'unnamed'. */
  readonly name?: string;
  /** How many are needed; when there are as many, those that are free at that time are taken. Default 1. */
  readonly min?: number;
  /** How many are taken at most. Default: all that are free. */
  readonly max?: number;
  /** Milliseconds that are waited for `min` of them. Default 5000. */
  readonly waitMs?: number;
  /**
   * Milliseconds without a sign of life after which a worker counts as gone. More where machines are so busy that a
   * process may not run for seconds. One that is killed is noticed within half a second, whatever this is. Default 3000.
   */
  readonly silenceMs?: number;
}

const schema = {
  group: byDefault(subjectToken, 'workers'),
  name: byDefault(subjectToken, 'unnamed'),
  min: byDefault(integer(1), 1),
  max: byDefault(integer(1), Infinity),
  waitMs: byDefault(number({ from: 0 }), 5000),
  silenceMs: byDefault(number({ from: 1000 }), 3000),
};

/**
 * Opens a session with each free worker of a group on a NATS server, for `ShardedHessian.load` to take as they are.
 *
 * v and θ are published once, however many workers there are. Messages of any length are cut into parts that are
 * acknowledged, and sent again where they get lost: a server that is restarted costs no product. A worker that is killed, or
 * frozen, or whose machine is cut off, counts as gone, and its shards go to others. When a worker of its name is there again,
 * the operator takes it in, unless it was what it computes that failed.
 *
 * The workers belong to whoever is given them: `terminate()` ends a session, not the worker, which is free again. The
 * connection stays the caller's: it has to live as long as they do.
 *
 * @param connection e.g. from `connect` of `@nats-io/transport-node`, or `wsconnect` of `@nats-io/nats-core` in a page
 * @param options see {@link NatsWorkersOptions}
 * @returns at least `min`
 * @throws WorkersNotFoundError with the number found, if there are fewer in time; CurvatureArgumentError for wrong options;
 *   the error of NATS where the connection may not ask for workers
 * @example
 * const workers = await natsWorkers(connection, { group: 'lab', min: 2 });
 * const hessian = await ShardedHessian.load(workers, model, { xs, ys });
 * const { eigenvalues } = await lanczos(hessian, { k: 1 });
 * await hessian.dispose();
 */
export async function natsWorkers(
  connection: NatsConnection,
  options: NatsWorkersOptions = {},
): Promise<ShardWorker[]> {
  const { group, name, min, max, waitMs, silenceMs } = readOptions(options, schema, 'natsWorkers');
  requireThat(max >= min, 'natsWorkers', `max >= min = ${min}`, `${max}`);
  const watch = watchConnection(connection);
  const shared = uniqueToken();
  const broadcast = new Broadcast(watch, sharedSubject(group, shared));
  const host = { watch, group, name, broadcast, shared, silence: silenceMs, openMs: Math.max(waitMs, 1000) };
  const opened = new Map<string, ShardWorker>();
  const refusals = new Map<string, string>();
  const deadline = performance.now() + waitMs;
  try {
    for (;;) {
      const free = (await findWorkers(connection, { group }))
        .filter(({ busy, sessions, instance }) => busy < sessions && !opened.has(instance))
        .slice(0, max - opened.size);
      const open = free.map(async (found) => {
        try {
          opened.set(found.instance, await openWorker(host, found));
          refusals.delete(found.instance);
        } catch (error) {
          refusals.set(found.instance, (error as Error).message);
        }
      });
      await Promise.all(open);
      if (opened.size >= min) return [...opened.values()];
      if (performance.now() >= deadline) {
        throw new WorkersNotFoundError(group, opened.size, min, [...refusals.values()]);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } catch (error) {
    await Promise.all([...opened.values()].map((worker) => worker.terminate()));
    throw error;
  }
}
