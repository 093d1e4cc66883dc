import type { NatsConnection } from '@nats-io/nats-core';
import type { Schema } from '../options.js';
import { byDefault, callable, integer, number, readOptions, requireIs, text } from '../options.js';
import type { ShardWorker } from '../workers/index.js';
import type { ConnectionWatch } from './connection-watch.js';
import { watchConnection } from './connection-watch.js';
import { serviceManager } from './discovery.js';
import type { SetLimits, WorkerLimits } from './limits.js';
import { limitsSchema } from './limits.js';
import { Listener } from './listener.js';
import type { OpenReply, OpenRequest } from './nats-worker.js';
import { VERSION } from './nats-worker.js';
import { Session } from './session.js';
import {
  hostSubject,
  isToken,
  openSubject,
  serviceName,
  sessionSubject,
  sharedSubject,
  subjectToken,
  uniqueToken,
} from './subjects.js';

/** What happens at a worker. `host` is what the host calls itself. */
export type WorkerEvent =
  | { readonly type: 'opened'; readonly session: string; readonly host: string }
  | { readonly type: 'refused' | 'closed'; readonly session: string; readonly reason: string };

/** Settings of {@link serveShards}. */
export interface ServeOptions extends WorkerLimits {
  /** The name that workers and hosts have agreed on. Default 'workers'. */
  readonly group?: string;
  /** What it is called, and a part of its subjects. Default: a random name. */
  readonly name?: string;
  /** What it computes with, which `findWorkers` tells. Default 'unknown'. */
  readonly backend?: string;
  /** On how many threads a session computes, which `findWorkers` tells. Default 1. */
  readonly threads?: number;
  /**
   * Milliseconds without a sign of life after which a host counts as gone, and its session is ended. One that is killed is
   * noticed within half a second, whatever this is; one that computes itself gives no sign meanwhile. Default 30 000.
   */
  readonly silenceMs?: number;
  /**
   * Is told of each session that begins, is refused or ends. What it throws stops nothing: `close()` rejects with the first of
   * it.
   */
  readonly onEvent?: (event: WorkerEvent) => void;
}

const schema = {
  ...limitsSchema,
  group: byDefault(subjectToken, 'workers'),
  name: subjectToken,
  backend: byDefault(text, 'unknown'),
  threads: byDefault(integer(1), 1),
  silenceMs: byDefault(number({ from: 1000 }), 30_000),
  onEvent: callable<(event: WorkerEvent) => void>(),
} satisfies Schema<ServeOptions>;

/** A worker that serves. */
export interface ShardServer {
  readonly name: string;
  /** How many sessions there are at present. */
  readonly busy: number;
  /**
   * Takes no more sessions, lets each finish the call under way, ends them and leaves the group. Rejects, then, with what
   * `onEvent` has thrown first.
   */
  close(): Promise<void>;
}

/**
 * Joins a group of workers on a NATS server: hosts find it (`findWorkers`) and open sessions with it (`natsWorkers`).
 *
 * Each session is given a worker of its own. It has to compute elsewhere than in this thread: a product that blocks it
 * blocks the signs of life, and the host takes the worker for dead.
 *
 * A host can make it compute, and use memory, within the limits; it cannot make it run code: a model is built from the
 * layers that are registered here, and what does not fit the limits is refused before it is built.
 *
 * @param connection stays the caller's, to be closed after `close()`
 * @param newSession makes the worker of a session, e.g. `() => pooledWorker(workerpool.pool(script, { maxWorkers: 1 }))`;
 *   it is ended with the session
 * @param options see {@link ServeOptions}
 * @returns the server, to be closed
 * @throws CurvatureArgumentError for wrong options; Error where the server does not let the connection serve
 * @example
 * // script: the path of worker.js, see createShardService
 * const newSession = () => pooledWorker(workerpool.pool(script, { maxWorkers: 1 }));
 * const server = await serveShards(connection, newSession, { group: 'lab', name: 'gpu3', backend: 'wasm' });
 * await server.close();
 */
export async function serveShards(
  connection: NatsConnection,
  newSession: () => ShardWorker | Promise<ShardWorker>,
  options: ServeOptions = {},
): Promise<ShardServer> {
  requireIs(newSession, callable(), 'newSession', 'serveShards');
  const { name = uniqueToken(), ...settings } = readOptions(options, schema, 'serveShards');
  const { group, backend, threads, sessions } = settings;
  const services = await serviceManager(connection, 'serveShards');
  const watch = watchConnection(connection);
  const refusals: string[] = [];
  const note = (_: string, message: string): void => void refusals.push(message);
  watch.onRefusal.add(note);
  const rooms = new Rooms(watch, newSession, { ...settings, name });
  try {
    const service = await services.add({
      name: serviceName(group),
      version: '1.0.0',
      // No queue group: each worker is to hear for itself.
      queue: '',
      metadata: { name, backend, threads: String(threads), sessions: String(sessions) },
      statsHandler: async () => ({ busy: rooms.busy }),
    });
    service.addEndpoint('open', {
      subject: openSubject(group, name, service.info().id),
      handler: (error, message) => {
        if (error == null)
          void rooms.open(message.data, service.info().id).then((text) => message.respond(text));
      },
    });
    // What may not be published or heard shows before the answer to this.
    connection.publish(hostSubject(group, name, 'probe'));
    connection.subscribe(sharedSubject(group, 'probe')).unsubscribe();
    connection.subscribe(sessionSubject(group, name, service.info().id, 'probe')).unsubscribe();
    await connection.flush();
    await new Promise((resolve) => setTimeout(resolve));
    if (refusals.length > 0) {
      await service.stop();
      throw new Error(`serveShards: the NATS server refuses the worker ${name}: ${refusals[0]}`);
    }
    return {
      name,
      get busy() {
        return rooms.busy;
      },
      close: async () => {
        await service.stop();
        await rooms.close();
        rooms.listener.rethrow();
      },
    };
  } finally {
    watch.onRefusal.delete(note);
  }
}

type RoomSettings = SetLimits &
  Required<Pick<ServeOptions, 'group' | 'name' | 'silenceMs'>> &
  Pick<ServeOptions, 'onEvent'>;

/** The sessions of a worker. */
class Rooms {
  readonly listener: Listener<WorkerEvent>;
  private readonly sessions = new Map<string, Session | null>();
  private isClosed = false;

  constructor(
    private readonly watch: ConnectionWatch,
    private readonly newSession: () => ShardWorker | Promise<ShardWorker>,
    private readonly settings: RoomSettings,
  ) {
    this.listener = new Listener(settings.onEvent);
  }

  get busy(): number {
    return this.sessions.size;
  }

  /** Opens a session, if there is room. @returns what the host is answered */
  async open(data: Uint8Array, instance: string): Promise<string> {
    let session = '';
    try {
      const request = readRequest(data);
      ({ session } = request);
      if (this.isClosed) throw new Error('the worker is closing');
      if (this.busy >= this.settings.sessions || this.sessions.has(session))
        throw new Error('the worker is busy');
      this.sessions.set(session, null);
      try {
        await this.begin(request, instance);
      } catch (error) {
        this.sessions.delete(session);
        throw error;
      }
      return JSON.stringify({ ok: true, messageBytes: this.settings.messageBytes } satisfies OpenReply);
    } catch (error) {
      const { message } = error as Error;
      this.listener.tell({ type: 'refused', session, reason: message });
      return JSON.stringify({ ok: false, message } satisfies OpenReply);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const open = [...this.sessions.values()].filter((session) => session != null);
    await Promise.all(open.map((session) => session.close('the worker is closing')));
  }

  private async begin({ session, shared, first, host }: OpenRequest, instance: string): Promise<void> {
    const { group, name, silenceMs } = this.settings;
    const worker = await this.newSession();
    if (this.isClosed) {
      await worker.terminate();
      throw new Error('the worker is closing');
    }
    const link = {
      watch: this.watch,
      to: hostSubject(group, name, session),
      from: sessionSubject(group, name, instance, session),
      shared: { subject: sharedSubject(group, shared), first },
      silence: silenceMs,
    };
    const room = new Session(link, worker, this.settings);
    this.sessions.set(session, room);
    this.listener.tell({ type: 'opened', session, host });
    void room.ended.then((reason) => {
      this.sessions.delete(session);
      this.listener.tell({ type: 'closed', session, reason });
    });
  }
}

function readRequest(data: Uint8Array): OpenRequest {
  if (data.length > 4096)
    throw new Error(`expected a request of at most 4096 bytes, received ${data.length}`);
  const request = JSON.parse(new TextDecoder().decode(data)) as Partial<OpenRequest> | null;
  const { version, session, shared, first, host } = request ?? {};
  if (version !== VERSION) {
    throw new Error(`expected messages of version ${VERSION}, received ${String(version)}`);
  }
  const isRequest =
    isToken(session) && isToken(shared) && isToken(host) && Number.isSafeInteger(first) && first! >= 0;
  if (!isRequest) throw new Error('expected a request {version, session, shared, first, host}');
  return { version, session, shared, first: first!, host };
}
