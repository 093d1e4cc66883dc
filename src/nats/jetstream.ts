import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { ConnectionWatch } from './connection-watch.js';
import { watchConnection } from './connection-watch.js';
import { pause } from './pause.js';

/** JetStream, behind a connection. */
export interface JetStream {
  readonly watch: ConnectionWatch;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
}

/** Milliseconds for an answer of the server. */
const TIMEOUT = 2000;
/** Milliseconds until a question is asked again. */
const RETRY = 250;
/** Milliseconds for which a server that is there may give no answer: one that was restarted reads its streams first. */
const PATIENCE = 15_000;

/**
 * JetStream behind a connection, by `@nats-io/jetstream`, which is an optional peer.
 *
 * @throws Error that says what to install, or how to start the server
 */
export async function openJetStream(connection: NatsConnection, where: string): Promise<JetStream> {
  const { jetstreamManager } = await import('@nats-io/jetstream').catch((cause: unknown) => {
    throw new Error(`${where} needs @nats-io/jetstream: npm install @nats-io/jetstream`, { cause });
  });
  try {
    const manager = await jetstreamManager(connection, { timeout: TIMEOUT, checkAPI: true });
    return { watch: watchConnection(connection), manager, client: manager.jetstream() };
  } catch (cause) {
    if ((cause as Error).name !== 'JetStreamNotEnabled') throw cause;
    const remedy = 'start it with nats-server --jetstream, or put a jetstream block into its configuration';
    throw new Error(`${where}: the NATS server has no JetStream: ${remedy}`, { cause });
  }
}

/** Whether an error is the answer of a server that a message is not the first with its subject. */
export function isSecond(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 10_071;
}

/** Errors of questions that got lost, or came to a server that is only starting. */
const passing = [
  'TimeoutError',
  'NoRespondersError',
  'RequestError',
  'ConnectionError',
  'JetStreamError',
  'JetStreamNotEnabled',
  'StreamNotFoundError',
  'ConsumerNotFoundError',
];

function isPassing(error: unknown): boolean {
  const { name, code, cause } = error as { name: string; code?: unknown; cause?: { name?: string } };
  if (cause?.name === 'PermissionViolationError') return false;
  // "JetStream system temporarily unavailable"
  return passing.includes(name) || code === 10_008;
}

/**
 * The answer to a question, which is asked until there is one: a server that is away is waited for as long as the
 * connection does.
 *
 * @param signal ends the waiting, with its reason
 * @throws the error of NATS that will not pass, or has not passed in 15 s of a server that is there
 */
export async function persist<T>(
  watch: ConnectionWatch,
  ask: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let since: number | null = null;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (watch.closure != null) throw new Error(watch.closure, { cause: error });
      if (!isPassing(error)) throw error;
      since = watch.isUp ? (since ?? performance.now()) : null;
      if (since != null && performance.now() - since > PATIENCE) throw error;
    }
    await pause(RETRY, signal);
  }
}
