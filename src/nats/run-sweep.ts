import type { NatsConnection } from '@nats-io/nats-core';
import { isListOf, requireArgument, requireThat } from '../errors.js';
import type { Schema } from '../options.js';
import { abortSignal, byDefault, callable, integer, number, readOptions } from '../options.js';
import { openJetStream } from './jetstream.js';
import type { SweepEvent } from './sweep-messages.js';
import type { SweepOptions, SweepResult, SweepUnit } from './sweep-types.js';
import { SweepRun } from './sweep-run.js';
import { subjectToken, uniqueToken } from './subjects.js';

const where = 'runSweep';

const schema = {
  group: byDefault(subjectToken, 'workers'),
  name: subjectToken,
  tries: byDefault(integer(1), 3),
  leaseMs: byDefault(number({ from: 1000 }), 30_000),
  onRecord: callable<(id: string, record: unknown) => void>(),
  onProgress: callable<(progress: { done: number; total: number }) => void>(),
  onEvent: callable<(event: SweepEvent) => void>(),
  signal: abortSignal,
} satisfies Schema<SweepOptions>;

/**
 * Runs the units of a sweep on the workers of a group (`serveSweeps`), by a queue of a NATS server with JetStream: those
 * that take longest first, each on one worker, until all have come to an end.
 *
 * Each unit comes to one record, or to one failure after `tries` tries; a failure stops nothing else. A unit whose worker
 * dies is taken by another. The server may be restarted meanwhile, and workers may come and go: where there is none, units
 * wait. It ends when the last unit has.
 *
 * The streams `curvature-<group>-units` and `curvature-<group>-records` are made where they are missing. Records stay on
 * the server until the sweep is through, those of a host that never comes back for 7 days.
 *
 * Cost: two messages to the server and two from it for each unit, and one every 200 ms. A task or a record may have as many
 * bytes as the server allows in a message (`max_payload`, 1 MB).
 *
 * @param connection the caller's; its own settings say how long a server that is away is waited for
 * @param units with ids that differ; none: it ends at once
 * @param options see {@link SweepOptions}
 * @returns the records and the failures by the ids of their units: plain data
 * @throws CurvatureArgumentError for wrong arguments; Error where the server has no JetStream, the connection may not use it
 *   or is closed; what `onRecord`, `onProgress` or `onEvent` throws; the reason of `signal`
 * @example
 * const square = await serveSweeps(connection, async ({ x }) => x * x, { group: 'lab' });
 * const units = [1, 2, 3].map((x) => ({ id: `x = ${x}`, task: { x }, weight: x }));
 * const { records, failures } = await runSweep(connection, units, { group: 'lab' });
 * const nine = records.get('x = 3');
 * await square.close();
 */
export async function runSweep(
  connection: NatsConnection,
  units: readonly SweepUnit[],
  options: SweepOptions = {},
): Promise<SweepResult> {
  const { name = uniqueToken(), ...settings } = readOptions(options, schema, where);
  requireArgument(isListOf(units, isUnit), where, 'a list of units {id, task, weight}', units);
  const ids = units.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  requireThat(twice == null, where, 'units with ids that differ', `'${twice}' twice`);
  settings.signal?.throwIfAborted();
  if (units.length === 0) return { records: new Map(), failures: [] };
  const stream = await openJetStream(connection, where);
  return new SweepRun(stream, { ...settings, name }).run(units);
}

function isUnit(unit: unknown): unit is SweepUnit {
  const { id, weight = 0 } = (unit ?? {}) as Partial<SweepUnit>;
  return typeof id === 'string' && Number.isFinite(weight);
}
