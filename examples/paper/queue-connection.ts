import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/nats-core';
import { RunError } from './run-error.js';

/** Where units wait for workers. */
export interface QueueSettings {
  /** The NATS server, `nats://user:password@host:4222`; several by commas. */
  readonly queue: string;
  /** The name that workers and hosts have agreed on. */
  readonly group: string;
  /** File of credentials, instead of user and password; null: none. */
  readonly creds: string | null;
}

/**
 * Connects to the server of a queue. It is waited for when it goes away.
 *
 * @param name of the connection
 * @param inboxPrefix what the subjects begin with that answers to it come to, if they are to be for its own eyes
 * @throws RunError that says why there is no connection
 */
export async function connectToQueue(
  { queue, creds }: QueueSettings,
  name: string,
  inboxPrefix: string | null = null,
): Promise<NatsConnection> {
  try {
    const urls = queue.split(',').map((url) => new URL(url.includes('://') ? url : `nats://${url}`));
    const [{ username, password }] = urls as [URL];
    return await connect({
      servers: urls.map(({ protocol, host }) => `${protocol}//${host}`),
      name,
      maxReconnectAttempts: -1,
      ...(inboxPrefix != null && { inboxPrefix }),
      ...(creds != null && { authenticator: credsAuthenticator(readFileSync(creds)) }),
      ...(username !== '' && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    });
  } catch (error) {
    throw new RunError(`no connection to --queue: ${(error as Error).message}`);
  }
}

/** The name of a sweep: the same for what comes to the same records, so that a host that is started again goes on. */
export function sweepName(what: string, fingerprint: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(fingerprint)).digest('hex');
  return `paper-${what}-${hash.slice(0, 16)}`;
}

/** What went wrong with a queue, to be said without a trace: it lies with the server or the way there. */
export function asRunError(error: unknown): RunError {
  return error instanceof RunError ? error : new RunError((error as Error).message, { cause: error });
}
