import type { NatsConnection } from '@nats-io/nats-core';
import { requireMessage } from './message-error.js';
import type { Reply, ShardService, ShardWorker } from '../workers/index.js';
import { serviceNames } from '../workers/protocol.js';
import type { Broadcast, Told } from './broadcast.js';
import { decodeMessage, encodeMessage } from './codec.js';
import type { ConnectionWatch } from './connection-watch.js';
import type { FoundWorker } from './discovery.js';
import { findWorkers } from './find-workers.js';
import { Link } from './link.js';
import { pause } from './pause.js';
import type { Answer, Call } from './session.js';
import { hostSubject, openSubject, sessionSubject, uniqueToken } from './subjects.js';

/** What a host asks a worker for. */
export interface OpenRequest {
  readonly version: number;
  readonly session: string;
  /** Which vectors all sessions of the host are told, and the number of the first for this one. */
  readonly shared: string;
  readonly first: number;
  /** What the host calls itself. */
  readonly host: string;
}

/** What the worker says to it. */
export type OpenReply =
  { readonly ok: true; readonly messageBytes: number } | { readonly ok: false; readonly message: string };

/** Which frames and messages there are. */
export const VERSION = 1;

/** Parts on their way to a worker. */
const WINDOW = 4;

/** Bytes of an answer: those of a product of 10 million parameters and 25 shards. */
const MOST_ANSWER_BYTES = 2 ** 30;
/** Bytes of JSON in an answer: numbers and what went wrong. */
const MOST_ANSWER_JSON = 2 ** 22;

/** Milliseconds until a worker that is gone is looked for, which double each time, and the most. */
const FIRST_LOOK = 250;
const LAST_LOOK = 8000;

/** What a session is opened with. */
export interface Host {
  readonly watch: ConnectionWatch;
  readonly group: string;
  /** What it calls itself. */
  readonly name: string;
  readonly broadcast: Broadcast;
  /** The part of the subject of its vectors that is its own. */
  readonly shared: string;
  readonly silence: number;
  /** Milliseconds that a worker may take to open a session. */
  readonly openMs: number;
}

/**
 * Opens a session with a worker.
 *
 * @throws Error that says why there is none
 */
export async function openWorker(host: Host, found: FoundWorker): Promise<ShardWorker> {
  const { watch, group, broadcast, shared } = host;
  const session = uniqueToken();
  const worker = new NatsWorker(host, found, session);
  const first = broadcast.end;
  try {
    const request: OpenRequest = { version: VERSION, session, shared, first, host: host.name };
    const subject = openSubject(group, found.name, found.instance);
    const reply = await ask(watch.connection, subject, request, host.openMs);
    if (!reply.ok) throw new Error(reply.message);
    worker.open(reply.messageBytes);
    return worker;
  } catch (error) {
    await worker.terminate();
    throw new Error(`${found.name}: ${(error as Error).message}`, { cause: error });
  }
}

async function ask(
  connection: NatsConnection,
  subject: string,
  request: OpenRequest,
  timeout: number,
): Promise<OpenReply> {
  const reply = (
    await connection.request(subject, JSON.stringify(request), { timeout })
  ).json<OpenReply | null>();
  const { ok, messageBytes, message } = (reply ?? {}) as Record<string, unknown>;
  const isReply =
    (ok === true && Number.isSafeInteger(messageBytes)) || (ok === false && typeof message === 'string');
  requireMessage(isReply, 'an answer {ok, messageBytes} of a worker', 'something else');
  return reply!;
}

/** A worker at the other end of NATS. */
class NatsWorker implements ShardWorker {
  readonly service: ShardService;
  readonly lost: Promise<Error>;
  private readonly link: Link;
  private readonly waiting = new Map<number, { resolve(reply: never): void; reject(error: Error): void }>();
  private numCalls = 0;
  private mostBytes = 0;
  private end: Error | null = null;
  /** Whether another session would end as this one has. */
  private isFinal = false;

  constructor(
    private readonly host: Host,
    private readonly found: FoundWorker,
    session: string,
  ) {
    const { name, instance } = found;
    const { watch, group, silence, broadcast } = host;
    let lose!: (error: Error) => void;
    this.lost = new Promise((resolve) => (lose = resolve));
    this.link = new Link({
      watch,
      to: sessionSubject(group, name, instance, session),
      from: hostSubject(group, name, session),
      mostBytes: MOST_ANSWER_BYTES,
      window: WINDOW,
      silence,
      onMessage: (_, { bytes }) => this.hear(decodeMessage(bytes, MOST_ANSWER_JSON)),
      onAwaited: (next) => broadcast.hear(this.link, next),
      onEnd: (reason, isFinal) => {
        broadcast.leave(this.link);
        this.isFinal = isFinal;
        this.end = new Error(`the worker ${name} is gone: ${reason}`);
        for (const { reject } of this.waiting.values()) reject(this.end);
        this.waiting.clear();
        lose(this.end);
      },
    });
    broadcast.join(this.link);
    const calls = serviceNames.map((call) => [call, (...args: unknown[]) => this.call(call, args)]);
    this.service = Object.fromEntries(calls) as ShardService;
  }

  /** @param mostBytes of a message to it */
  open(mostBytes: number): void {
    this.mostBytes = mostBytes;
    this.link.start();
  }

  async terminate(): Promise<void> {
    this.link.end('the host has finished');
  }

  /** A session with a worker of the same name: it is looked for again and again, ever more seldom. */
  async successor(signal: AbortSignal): Promise<ShardWorker | null> {
    const { watch, group } = this.host;
    const { name } = this.found;
    for (let wait = FIRST_LOOK; !this.isFinal; wait = Math.min(2 * wait, LAST_LOOK)) {
      await pause(wait, signal);
      if (signal.aborted || watch.closure != null) return null;
      try {
        const workers = await findWorkers(watch.connection, { group });
        const back = workers.find((one) => one.name === name && one.busy < one.sessions);
        if (back != null && !signal.aborted) return await openWorker(this.host, back);
      } catch {
        continue;
      }
    }
    return null;
  }

  private async call(name: keyof ShardService, args: readonly unknown[]): Promise<Reply<never>> {
    if (this.end != null) throw this.end;
    const last = args.at(-1);
    const isShared = (name === 'product' || name === 'setParameters') && last instanceof Float32Array;
    // Beside its numbers a vector takes up a small head.
    const size = isShared ? last.byteLength + 1024 : 0;
    if (size > this.mostBytes) return this.refusal(size);
    const told: Told | null = isShared ? this.host.broadcast.tell(this.link, last) : null;
    try {
      const id = this.numCalls++;
      const sent = isShared ? args.slice(0, -1) : args;
      const message = encodeMessage({ id, name, args: sent, shared: told?.number ?? null } satisfies Call);
      if (message.length > this.mostBytes) return this.refusal(message.length);
      const reply = new Promise<Reply<never>>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
      this.link.send(message);
      return await reply;
    } finally {
      told?.release();
    }
  }

  private refusal(bytes: number): Reply<never> {
    const message = `natsWorkers: expected messages of at most ${this.mostBytes} bytes, which the worker allows, received one of ${bytes}`;
    return { ok: false, isBlank: false, message };
  }

  private hear(answer: unknown): void {
    const { id, reply } = (answer ?? {}) as Partial<Answer>;
    const waiting = this.waiting.get(id!);
    requireMessage(waiting != null, 'the answer to a call', 'another');
    this.waiting.delete(id!);
    waiting.resolve(reply as never);
  }
}
