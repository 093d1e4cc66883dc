import type { NatsConnection } from '@nats-io/nats-core';
import type { Schema } from '../options.js';
import { byDefault, callable, integer, number, or, readOptions, requireIs } from '../options.js';
import { openJetStream } from './jetstream.js';
import type { SweepEvent } from './sweep-messages.js';
import type { ServeSweepsOptions, UnitContext } from './sweep-types.js';
import { SweepWorker } from './sweep-worker.js';
import { subjectToken, uniqueToken } from './subjects.js';

/** A worker of sweeps. */
export interface SweepServer {
  readonly name: string;
  /** Units under way. */
  readonly busy: number;
  /** Fulfilled when it has ended; rejects where it cannot go on: with an UnfitWorkerError, or why there is no server. */
  readonly ended: Promise<void>;
  /**
   * Takes no more units, aborts the `signal` of those under way, and waits for them. Of a server that is away it does not wait
   * to hear of them: their leases run out. Rejects, then, with what `onEvent` has thrown first.
   */
  close(): Promise<void>;
}

const where = 'serveSweeps';

const schema = {
  group: byDefault(subjectToken, 'workers'),
  name: subjectToken,
  parallel: byDefault(integer(1), 1),
  idleMs: byDefault(or(number({ from: 0 }), null), null),
  onEvent: callable<(event: SweepEvent) => void>(),
} satisfies Schema<ServeSweepsOptions>;

/**
 * Takes units of sweeps (`runSweep`) from the queue of a group on a NATS server with JetStream, and writes what they come to.
 *
 * A unit is its worker's as long as the worker says so, three times in each lease; when it falls silent, another takes the
 * unit. A record is written before its unit leaves the queue, and only where there is none, so that there is one for each unit
 * whatever happens in between. `run` has to leave this thread free: what blocks it for longer than a lease, 30 s unless the
 * host says otherwise, loses its unit to another. What it throws counts as a try, but for an `UnfitWorkerError`.
 *
 * A worker may start before there is a host, and outlasts a server that is restarted.
 *
 * @param connection stays the caller's, to be closed after `close()`
 * @param run computes the record of a task: plain data and arrays of float32, int32 and uint8, which may have to be done
 *   twice if the worker falls silent meanwhile
 * @param options see {@link ServeSweepsOptions}
 * @returns the worker, to be closed
 * @throws CurvatureArgumentError for wrong options; Error where the server has no JetStream, or does not let the connection
 *   take units
 * @example
 * // Each unit is a run of noiseGrid with one η, one S and one seed.
 * const run = async (task: NoiseGridOptions) => (await noiseGrid({ model, data: { xs, ys } }, task)).runs[0];
 * const worker = await serveSweeps(connection, run, { group: 'lab', name: 'w3' });
 * const units = noiseGridUnits({ learningRates: [0.1, 0.01], batchSizes: [8], steps: 5, seeds: [1, 2] });
 * const { records } = await runSweep(connection, units, { group: 'lab' });
 * await worker.close();
 */
export async function serveSweeps(
  connection: NatsConnection,
  run: (task: never, context: UnitContext) => unknown,
  options: ServeSweepsOptions = {},
): Promise<SweepServer> {
  requireIs(run, callable(), 'run', where);
  const { name = uniqueToken(), ...settings } = readOptions(options, schema, where);
  const stream = await openJetStream(connection, where);
  const worker = new SweepWorker(stream, run as (task: unknown, context: UnitContext) => unknown, {
    ...settings,
    name,
  });
  await worker.check();
  const ended = worker.serve();
  ended.catch(() => {});
  return {
    name,
    get busy() {
      return worker.busy;
    },
    ended,
    close: async () => {
      worker.stop();
      await ended.catch(() => {});
      worker.listener.rethrow();
    },
  };
}
