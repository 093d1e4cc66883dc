import { connect } from '@nats-io/transport-node';
import { serveShards } from '../src/nats/index.js';
import type { ShardService } from '../src/workers/index.js';

/*
 * A worker that answers each product with v, once for each shard: what is left of a product when nothing is computed.
 *
 *   npx tsx bench/nats-echo.ts 127.0.0.1:4222 w1
 */

const [server, name] = process.argv.slice(2);
const connection = await connect({ servers: server! });
const done = async () => ({ ok: true as const, value: null });
const service: ShardService = {
  loadModel: async () => ({ ok: true, value: { version: 2, size: 1 } }),
  loadShard: done,
  dropShard: done,
  setParameters: done,
  dispose: done,
  gradient: async () => ({ ok: true, value: [] }),
  product: async (ids, v) => ({ ok: true, value: ids.map(() => v) }),
};
await serveShards(connection, () => ({ service, terminate: () => Promise.resolve() }), { name: name! });
process.stdout.write('serves\n');
