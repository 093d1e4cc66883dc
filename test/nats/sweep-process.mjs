// A worker of sweeps in a process of its own, to be killed: node --import tsx sweep-process.mjs PORT NAME
// A task is the milliseconds that a unit takes; its record is the name of the worker.

import { connect } from '@nats-io/transport-node';
import { serveSweeps } from '../../src/nats/index.ts';

const [port, name] = process.argv.slice(2);
const connection = await connect({
  servers: `127.0.0.1:${port}`,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
});
const run = async (milliseconds) => {
  process.stdout.write('taken\n');
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return name;
};
await serveSweeps(connection, run, { name });
process.stdout.write('serves\n');
