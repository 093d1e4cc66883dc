import type { NatsConnection } from '@nats-io/nats-core';
import type { Svcm } from '@nats-io/services';

/** A worker of a group. */
export interface FoundWorker {
  readonly name: string;
  /** What it computes with, e.g. 'wasm'. */
  readonly backend: string;
  /** On how many threads a session computes. */
  readonly threads: number;
  /** How many hosts have a session with it, and how many may. */
  readonly busy: number;
  readonly sessions: number;
  /** What tells it from others of its name. */
  readonly instance: string;
}

/**
 * What makes a worker a service of NATS, and finds it: `@nats-io/services`, which is an optional peer.
 *
 * @throws Error that says what to install
 */
export async function serviceManager(connection: NatsConnection, where: string): Promise<Svcm> {
  try {
    const { Svcm } = await import('@nats-io/services');
    // The package brings an older core, of the same functions.
    return new Svcm(connection as unknown as ConstructorParameters<typeof Svcm>[0]);
  } catch (error) {
    throw new Error(`${where} needs @nats-io/services: npm install @nats-io/services@3.0.0-25`, {
      cause: error,
    });
  }
}
