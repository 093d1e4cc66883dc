import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';

const hasServer = spawnSync('nats-server', ['--version']).status === 0;

/** Whether the tests with a server are left out: not in CI, where a server that is missing is a failure. */
export const isLeftOut = !hasServer && process.env.CI == null;
if (isLeftOut)
  process.stderr.write('no nats-server (apt install nats-server): the tests with one are left out\n');

/** A NATS server on loopback, for one file of tests. */
export interface TestServer {
  readonly port: number;
  connect(options?: ConnectionOptions): Promise<NatsConnection>;
  /** Ends the process, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * Starts a server on a free port.
 *
 * @param config more of its configuration file
 * @param hasJetStream whether it keeps streams, in a folder that goes with it
 */
export async function startServer(config = '', hasJetStream = false): Promise<TestServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'nats-'));
  const file = join(folder, 'server.conf');
  const jetstream = hasJetStream
    ? `jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }`
    : '';
  writeFileSync(file, `listen: "127.0.0.1:${port}"\n${jetstream}\n${config}\n`);
  let process: ChildProcess | null = null;
  const open: NatsConnection[] = [];
  const server: TestServer = {
    port,
    connect: async (options = {}) => {
      const settings = {
        servers: `127.0.0.1:${port}`,
        reconnectTimeWait: 100,
        maxReconnectAttempts: -1,
        ...options,
      };
      const connection = await connect(settings);
      open.push(connection);
      return connection;
    },
    kill: async () => {
      const running = process;
      process = null;
      if (running == null) return;
      const gone = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGKILL');
      await gone;
    },
    start: async () => {
      const child = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      process = child;
      await new Promise<void>((resolve, reject) => {
        let log = '';
        child.stderr!.on('data', (data: Buffer) => {
          log += data.toString();
          if (log.includes('Server is ready')) resolve();
        });
        child.once('error', reject);
        child.once('exit', () => reject(new Error(`nats-server did not start: ${log}`)));
      });
    },
    dispose: async () => {
      await Promise.all(open.map((connection) => connection.close()));
      await server.kill();
      rmSync(folder, { recursive: true });
    },
  };
  await server.start();
  return server;
}
