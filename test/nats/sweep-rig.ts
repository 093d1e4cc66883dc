import type { NatsConnection } from '@nats-io/nats-core';
import { jetstreamManager } from '@nats-io/jetstream';
import type { ServeSweepsOptions, SweepEvent, SweepServer, UnitContext } from '../../src/nats/index.js';
import { serveSweeps } from '../../src/nats/index.js';
import type { TestServer } from './nats-server.js';
import { startServer } from './nats-server.js';

/** A worker in this process, with a connection of its own. */
export interface ServedSweeps {
  readonly server: SweepServer;
  readonly connection: NatsConnection;
  readonly events: SweepEvent[];
}

type Run = (task: never, context: UnitContext) => unknown;

/** A server with JetStream and a host for one file of tests. */
export interface SweepRig {
  readonly server: TestServer;
  readonly host: NatsConnection;
  serve(name: string, run: Run, options?: ServeSweepsOptions): Promise<ServedSweeps>;
  /** How many messages a stream of the group 'workers' has ever taken, and how many it holds. */
  count(stream: 'units' | 'records'): Promise<{ readonly taken: number; readonly held: number }>;
  /** Runs at the end of the test, before what was noted earlier. */
  atEnd(cleanup: () => Promise<unknown>): void;
  /** Ends the workers, and forgets the streams. */
  endTest(): Promise<void>;
  dispose(): Promise<void>;
}

export async function openSweepRig(): Promise<SweepRig> {
  const server = await startServer('', true);
  const host = await server.connect();
  const manager = await jetstreamManager(host);
  const cleanups: (() => Promise<unknown>)[] = [];
  return {
    server,
    host,
    serve: async (name, run, options = {}) => {
      const connection = await server.connect({ name });
      const events: SweepEvent[] = [];
      const onEvent = (event: SweepEvent): void => void events.push(event);
      const worker = await serveSweeps(connection, run, { name, onEvent, ...options });
      cleanups.push(async () => {
        await worker.close();
        await connection.close();
      });
      return { server: worker, connection, events };
    },
    count: async (stream) => {
      const { state } = await manager.streams.info(`curvature-workers-${stream}`);
      return { taken: state.last_seq, held: state.messages };
    },
    atEnd: (cleanup) => void cleanups.push(cleanup),
    endTest: async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
      for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    },
    dispose: () => server.dispose(),
  };
}
