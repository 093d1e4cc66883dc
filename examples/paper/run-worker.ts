import type { SweepEvent } from '../../src/nats/index.js';
import { connectToQueue } from './queue-connection.js';
import { RunError } from './run-error.js';
import { serveUnits } from './serve-units.js';
import { UnitPool } from './unit-pool.js';
import { parseWorkerCommandLine, workerUsage } from './worker-command-line.js';

const args = process.argv.slice(2);
if (args.length === 0 || args.includes('--help')) {
  console.log(workerUsage);
} else {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof RunError ? error.message : `cannot go on: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

/** Serves until it is told to stop, or has been idle for long. */
async function work(): Promise<void> {
  const settings = parseWorkerCommandLine(args);
  const { queue, name, jobs } = settings;
  const connection = await connectToQueue(queue, name, `_INBOX_${name}`);
  const pool = new UnitPool(jobs);
  try {
    const server = await serveUnits(connection, pool, { ...settings, group: queue.group }, log);
    console.log(`${name} takes units of the group ${queue.group}, ${jobs} at a time`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void server.close());
    await server.ended;
  } finally {
    await pool.stop();
    await connection.close();
  }
}

/** One line for each event but progress. */
function log(event: SweepEvent): void {
  if (event.type === 'progress') return;
  const why = 'reason' in event ? `: ${event.reason}` : '';
  console.log(`${new Date().toISOString()} ${event.type} ${event.sweep}, ${event.id}${why}`);
}
