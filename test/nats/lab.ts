import type { NatsConnection } from '@nats-io/nats-core';
import { serveShards } from '../../src/nats/index.js';
import { localWorker } from '../workers/local-worker.js';
import { startServer } from './nats-server.js';

/** A server with two workers of the group 'lab', which compute here. */
export interface Lab {
  /** Of a host. */
  readonly connection: NatsConnection;
  dispose(): Promise<void>;
}

export async function openLab(): Promise<Lab> {
  const server = await startServer('', true);
  const workers = await Promise.all(
    ['w1', 'w2'].map(async (name) =>
      serveShards(await server.connect(), localWorker, { group: 'lab', name }),
    ),
  );
  return {
    connection: await server.connect(),
    dispose: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await server.dispose();
    },
  };
}
