import type { NatsConnection } from '@nats-io/nats-core';
import { byDefault, number, readOptions } from '../options.js';
import type { FoundWorker } from './discovery.js';
import { serviceManager } from './discovery.js';
import { isToken, serviceName, subjectToken } from './subjects.js';

/** Settings of {@link findWorkers}. */
export interface FindOptions {
  /** The name that workers and hosts have agreed on. Default 'workers'. */
  readonly group?: string;
  /** Milliseconds after an answer in which another is awaited. Default 300. All together, 2000 are waited at most. */
  readonly stallMs?: number;
}

/** Milliseconds for all answers, also where the question got lost because the server was away. */
const MOST_WAIT = 2000;

const findSchema = {
  group: byDefault(subjectToken, 'workers'),
  stallMs: byDefault(number({ above: 0 }), 300),
};

/**
 * The workers of a group that answer at present, by their names.
 *
 * Cost: one small message and its answers, and `stallMs` of waiting.
 *
 * @param connection the caller's
 * @param options `group`, and how long to wait for one more answer
 * @returns plain records, none where no worker answers
 * @throws CurvatureArgumentError for wrong options; the error of NATS where the connection may not ask
 *
 * @example
 * const workers = await findWorkers(connection, { group: 'lab' });
 * const free = workers.filter(({ busy, sessions }) => busy < sessions);
 */
export async function findWorkers(
  connection: NatsConnection,
  options: FindOptions = {},
): Promise<readonly FoundWorker[]> {
  const { group, stallMs } = readOptions(options, findSchema, 'findWorkers');
  const services = await serviceManager(connection, 'findWorkers');
  const client = services.client({ strategy: 'stall', maxWait: MOST_WAIT, stall: stallMs });
  const found: FoundWorker[] = [];
  try {
    for await (const { id, metadata, endpoints } of await client.stats(serviceName(group))) {
      const { name, backend, threads, sessions } = metadata ?? {};
      const data = (endpoints?.find((endpoint) => endpoint.name === 'open')?.data ?? {}) as {
        busy?: unknown;
      };
      if (!isToken(name) || !isToken(id)) continue;
      found.push({
        name,
        backend: String(backend),
        threads: Number(threads),
        busy: Number(data.busy),
        sessions: Number(sessions),
        instance: id,
      });
    }
  } catch (error) {
    // Nobody is there.
    if ((error as Error).name !== 'NoResponders') throw error;
  }
  return found.sort((a, b) => a.name.localeCompare(b.name));
}
