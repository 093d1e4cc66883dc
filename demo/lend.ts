import type { NatsConnection } from '@nats-io/nats-core';
import { wsconnect } from '@nats-io/nats-core';
import { wrap } from 'comlink';
import type { ShardServer, WorkerEvent } from '../src/nats/index.js';
import { serveShards } from '../src/nats/index.js';
import type { ShardService, ShardWorker } from '../src/workers/index.js';

const form = document.querySelector<HTMLFormElement>('#join')!;
const submit = form.querySelector<HTMLButtonElement>('[type=submit]')!;
const stop = document.querySelector<HTMLButtonElement>('#stop')!;
const state = document.querySelector('#state')!;
const events = document.querySelector('#events')!;

/** A session computes on a thread of its own: a product that blocks the page would stop its signs of life. */
function newSession(backend: string): ShardWorker {
  const thread = new Worker(new URL('./lend-worker.ts', import.meta.url), { type: 'module', name: backend });
  return {
    service: wrap<Required<ShardService>>(thread),
    terminate: async () => thread.terminate(),
  };
}

/** Sessions by the names of their hosts. */
const hosts = new Map<string, string>();

function note(event: WorkerEvent): void {
  if (event.type === 'opened') hosts.set(event.session, event.host);
  const host = hosts.get(event.session) ?? 'a host';
  if (event.type === 'closed') hosts.delete(event.session);
  const line = document.createElement('li');
  const time = new Date().toLocaleTimeString();
  line.textContent =
    event.type === 'opened'
      ? `${time} computes for ${host}`
      : `${time} ${host}: ${event.type}, ${event.reason}`;
  events.prepend(line);
  show();
}

function show(): void {
  const names = [...hosts.values()].join(', ');
  state.textContent = hosts.size === 0 ? 'Lent: waits for a host.' : `Lent: computes for ${names}.`;
}

/** Where it is lent: ends that. */
let end: (() => Promise<void>) | null = null;

function setBusy(isLent: boolean): void {
  submit.disabled = isLent;
  stop.disabled = !isLent;
}

async function join(): Promise<void> {
  const fields = new FormData(form);
  const text = (name: string): string => (fields.get(name) as string).trim();
  const backend = text('backend');
  let connection: NatsConnection | null = null;
  let server: ShardServer;
  setBusy(true);
  try {
    state.textContent = 'Connects …';
    connection = await wsconnect({
      servers: text('server'),
      maxReconnectAttempts: -1,
      ...(text('user') !== '' && { user: text('user'), pass: text('password') }),
    });
    const options = { group: text('group'), name: text('name'), backend, onEvent: note };
    server = await serveShards(connection, () => newSession(backend), options);
  } catch (error) {
    await connection?.close();
    setBusy(false);
    state.textContent = `Not lent: ${(error as Error).message}`;
    return;
  }
  const joined = connection;
  end = async () => {
    end = null;
    state.textContent = 'Ends …';
    await server.close();
    await joined.close();
    hosts.clear();
    setBusy(false);
    state.textContent = 'Not lent.';
  };
  show();
}

(form.elements.namedItem('name') as HTMLInputElement).value = `page-${Math.floor(Math.random() * 1e6)}`;
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void join();
});
stop.addEventListener('click', () => void end?.());
