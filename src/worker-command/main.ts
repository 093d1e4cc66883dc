import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { NatsConnection } from '@nats-io/nats-core';
import type { ShardServer, WorkerEvent } from 'tfjs-curvature/nats';
import { serveShards } from 'tfjs-curvature/nats';
import { pooledWorker } from 'tfjs-curvature/workers';
import type { ThreadData } from './session-thread.js';
import type { CommandSettings } from './settings.js';
import { nameOfThread, readSettings, usage } from './settings.js';

/** One line for each event. */
function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

/** Packages that only the command needs. */
async function importPackages() {
  try {
    const transport = await import('@nats-io/transport-node');
    const { default: workerpool } = await import('workerpool');
    return { transport, workerpool };
  } catch (error) {
    const packages = '@nats-io/nats-core @nats-io/transport-node @nats-io/services@3.0.0-25 workerpool';
    throw new Error(`tfjs-curvature-worker needs more packages: npm install ${packages}`, { cause: error });
  }
}

type Packages = Awaited<ReturnType<typeof importPackages>>;

async function connect({ transport }: Packages, settings: CommandSettings): Promise<NatsConnection> {
  const { server, creds, user, password, ca, name } = settings;
  return transport.connect({
    servers: server.split(','),
    name: `tfjs-curvature-worker ${name}`,
    maxReconnectAttempts: -1,
    ...(creds != null && { authenticator: transport.credsAuthenticator(readFileSync(creds)) }),
    ...(user != null && { user, pass: password ?? '' }),
    ...(ca != null && { tls: { caFile: ca } }),
  });
}

/** Joins the group once for each thread. */
async function serve(
  connection: NatsConnection,
  { workerpool }: Packages,
  settings: CommandSettings,
): Promise<ShardServer[]> {
  const { group, backend, threads, sessions } = settings;
  const script = fileURLToPath(new URL('./session-thread.mjs', import.meta.url));
  const workerData: ThreadData = {
    backend,
    register: settings.register.map((path) => pathToFileURL(resolve(path)).href),
  };
  const newSession = () =>
    pooledWorker(
      workerpool.pool(script, {
        maxWorkers: 1,
        workerType: 'thread',
        workerThreadOpts: {
          workerData,
          resourceLimits: { maxOldGenerationSizeMb: Math.ceil(settings.maxMemory / 2 ** 20) },
        },
      }),
    );
  const servers: ShardServer[] = [];
  for (let i = 1; i <= threads; i++) {
    const name = nameOfThread(settings.name, i, threads);
    const options = {
      group,
      name,
      backend,
      sessions,
      messageBytes: settings.maxMessage,
      sessionBytes: settings.maxMemory,
      parameters: settings.maxParameters,
      shards: settings.maxShards,
      onEvent: (event: WorkerEvent) => log(`${name}: ${textOf(event)}`),
    };
    servers.push(await serveShards(connection, newSession, options));
    log(`${name}: serves the group ${group} with ${backend}`);
  }
  return servers;
}

function textOf(event: WorkerEvent): string {
  const more = event.type === 'opened' ? ` for the host ${event.host}` : `: ${event.reason}`;
  return `${event.type} session ${event.session}${more}`;
}

async function follow(connection: NatsConnection): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') log('the server is gone, waiting for it');
    if (status.type === 'reconnect') log('connected again');
    if (status.type === 'error') log(`the server says: ${status.error.message}`);
  }
}

/** @returns the exit status */
async function run(): Promise<number> {
  let settings: CommandSettings | null;
  try {
    settings = readSettings(process.argv.slice(2), process.env);
  } catch (error) {
    log((error as Error).message);
    return 2;
  }
  if (settings == null) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    const packages = await importPackages();
    const connection = await connect(packages, settings);
    log(`connected to ${connection.getServer()}`);
    void follow(connection);
    const stop = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    });
    const servers = await serve(connection, packages, settings);
    const failure = await Promise.race([
      stop.then(() => null),
      connection.closed().then((error) => error ?? new Error('the connection was closed')),
    ]);
    if (failure != null) throw failure;
    log('draining');
    await Promise.all(servers.map((server) => server.close()));
    await connection.drain();
    return 0;
  } catch (error) {
    log(`cannot serve: ${(error as Error).message}`);
    return 1;
  }
}

process.exit(await run());
